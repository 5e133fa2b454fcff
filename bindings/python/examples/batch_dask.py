#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/batch_dask.py: continues each line of a file, on the workers of a dask.distributed cluster.

    dask-scheduler --scheduler-file cluster.json &
    dask-worker --scheduler-file cluster.json --nthreads 1 &        (as many as there are machines or processors)
    batch_dask.py cluster.json prompts.txt stories.jsonl

Each worker opens the model once. The results come in the order of the prompts, one JSON object a line. What a worker
that dies had not finished, the others do. When this program itself is stopped, start it again with the same arguments:
what was finished is kept in stories.jsonl.part, and not computed again.
"""
import argparse
import json
import os
import sys

import distributed
import gpt


class OpenModel(distributed.WorkerPlugin):
    """Opens the model when a worker joins the cluster, so that its tasks find it open."""

    name = "gpt-model"

    def __init__(self, model):
        self.model = model

    def setup(self, worker):
        """The workers are processes of their own: one thread each lets all of them compute at once."""
        worker.gpt_model = gpt.Model.from_pretrained(self.model, threads=1)
        worker.gpt_models_opened = getattr(worker, "gpt_models_opened", 0) + 1


def generate(prompts, settings):
    """Runs on a worker: the texts that continue some prompts."""
    model = distributed.get_worker().gpt_model
    return [str(text) for text in model.generate(prompts, **settings)]


def parse(line):
    """A batch that was finished, or None: a line is cut when the program is stopped while it writes."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def settings_of(arguments):
    """What the texts depend on, beside the prompts."""
    return {"max_new_tokens": arguments.max_new_tokens, "do_sample": True, "seed": arguments.seed}


def finished_batches(path, prompts, arguments):
    """Texts of whole batches from an earlier run with the same model and settings, by number of batch."""
    batches = {}
    wanted = [arguments.model, settings_of(arguments)]
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                entry = parse(line)
                if entry is not None and entry["made_by"] == wanted and \
                        entry["prompts"] == batch(prompts, entry["batch"], arguments.batch):
                    batches[entry["batch"]] = entry["texts"]
    return batches


def batch(prompts, number, size):
    """The prompts of a batch. Batches are the same in each run, and so are the texts."""
    return prompts[number * size:(number + 1) * size]


def compute(client, prompts, arguments, finished):
    """Has the missing batches computed, and adds each to the file as soon as it is there."""
    settings = settings_of(arguments)
    count = -(-len(prompts) // arguments.batch)
    futures = {}
    for number in range(count):
        if number not in finished:
            work = batch(prompts, number, arguments.batch)
            futures[client.submit(generate, work, settings, pure=False, retries=3)] = number
    with open(arguments.output + ".part", "a", encoding="utf-8") as part:
        # A line that was cut must not spoil the next one.
        part.write("\n" if part.tell() > 0 else "")
        for future, texts in distributed.as_completed(futures, with_results=True):
            number = futures[future]
            finished[number] = texts
            entry = {"batch": number, "made_by": [arguments.model, settings],
                     "prompts": batch(prompts, number, arguments.batch), "texts": texts}
            part.write(json.dumps(entry) + "\n")
            part.flush()
            progress(finished, len(prompts))


def progress(finished, count):
    """Says how far it is."""
    done = sum(len(texts) for texts in finished.values())
    print("%d of %d prompts" % (done, count), file=sys.stderr, flush=True)


def write(path, prompts, finished):
    """Writes all results in the order of the prompts; the file is there only once it is whole."""
    texts = [text for number in sorted(finished) for text in finished[number]]
    assert len(texts) == len(prompts)
    with open(path + ".new", "w", encoding="utf-8") as file:
        for prompt, text in zip(prompts, texts):
            file.write(json.dumps({"prompt": prompt, "text": text}) + "\n")
    os.replace(path + ".new", path)
    os.remove(path + ".part")


def main():
    """Reads the arguments and the prompts."""
    parser = argparse.ArgumentParser(description="Continues each line of a file on a dask.distributed cluster.")
    parser.add_argument("scheduler", help="the scheduler's file or address")
    parser.add_argument("prompts", help="a file with a prompt on each line")
    parser.add_argument("output", help="the file of results, one JSON object a line")
    parser.add_argument("--model", default="storyteller")
    parser.add_argument("--max-new-tokens", type=int, default=50)
    parser.add_argument("--batch", type=int, default=8, help="prompts that a worker computes together")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with open(arguments.prompts, encoding="utf-8") as file:
        prompts = file.read().splitlines()
    finished = finished_batches(arguments.output + ".part", prompts, arguments)
    progress(finished, len(prompts))
    where = {"scheduler_file": arguments.scheduler} if os.path.exists(arguments.scheduler) else \
        {"address": arguments.scheduler}
    with distributed.Client(**where) as client:
        client.register_worker_plugin(OpenModel(arguments.model))
        compute(client, prompts, arguments, finished)
    write(arguments.output, prompts, finished)


if __name__ == "__main__":
    main()
