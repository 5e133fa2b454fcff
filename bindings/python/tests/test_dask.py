#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_dask.py: examples/batch_dask.py on a scheduler and two workers, one of which is killed on the way."""
import contextlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TEST_SOURCE_DIR"], "cli"))
import tap  # noqa: E402
from tap import case, expect, expect_equal  # noqa: E402
import gpt  # noqa: E402

try:
    import distributed
except ImportError:
    distributed = None

PROGRAM = os.path.join(os.environ["TEST_SOURCE_DIR"], os.pardir, "bindings", "python", "examples", "batch_dask.py")
WORDS = ["fox", "owl", "boy", "girl", "king", "bear", "cat", "moon", "train", "ship"]
PROMPTS = ["The %s and the %s" % (first, second) for first in WORDS for second in WORDS if first != second]
BATCH = 3
NEW_TOKENS = 120
TIME_LIMIT = 120


def start(*arguments):
    log = open(os.path.join(tap.directory, "cluster.log"), "ab")
    return subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log)


def wait_for(condition, what):
    end = time.monotonic() + TIME_LIMIT
    while not condition():
        expect(time.monotonic() < end, what, "did not happen in time")
        time.sleep(0.02)


@contextlib.contextmanager
def cluster():
    """A scheduler and two workers on this machine: (the scheduler's file, the workers' processes)."""
    if distributed is None:
        raise tap.Skip("dask.distributed is not installed (Debian: python3-distributed)")
    path = os.path.join(tap.directory, "cluster-%d.json" % time.monotonic_ns())
    processes = [start("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                       "--scheduler-file", path)]
    try:
        wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 0, "the scheduler")
        for _ in range(2):
            processes.append(start("-m", "distributed.cli.dask_worker", "--scheduler-file", path, "--no-nanny",
                                   "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--local-directory",
                                   tap.directory))
        with distributed.Client(scheduler_file=path) as client:
            client.wait_for_workers(2, timeout=TIME_LIMIT)
        yield path, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def begin(scheduler, prompts, output):
    return subprocess.Popen([sys.executable, PROGRAM, scheduler, prompts, output, "--batch", str(BATCH),
                             "--max-new-tokens", str(NEW_TOKENS)], stderr=subprocess.PIPE, text=True)


def lines_of(path):
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as file:
        return file.read().count(b"\n")


def expected():
    """What one process alone computes."""
    model = gpt.Model.from_pretrained("storyteller", threads=1)
    texts = []
    for i in range(0, len(PROMPTS), BATCH):
        texts += model.generate(PROMPTS[i:i + BATCH], max_new_tokens=NEW_TOKENS, do_sample=True, seed=7)
    return [str(text) for text in texts]


def check_results(output):
    with open(output, encoding="utf-8") as file:
        results = [json.loads(line) for line in file]
    expect_equal([result["prompt"] for result in results], PROMPTS)
    expect_equal([result["text"] for result in results], expected())
    expect(not os.path.exists(output + ".part"), "the file of what is under way was not removed")


# A worker dies under its work: the other one does all, in order, and nothing is missing or doubled.
@case
def survives_a_worker_that_is_killed():
    prompts = tap.file("prompts.txt", "\n".join(PROMPTS).encode())
    output = os.path.join(tap.directory, "killed.jsonl")
    with cluster() as (scheduler, workers):
        program = begin(scheduler, prompts, output)
        wait_for(lambda: lines_of(output + ".part") >= 3, "the first results")
        workers[0].kill()
        _, progress = program.communicate(timeout=TIME_LIMIT)
        expect_equal(program.returncode, 0)
        expect("%d of %d prompts" % (len(PROMPTS), len(PROMPTS)) in progress, "no progress:", progress)
        with distributed.Client(scheduler_file=scheduler) as client:
            opened = client.run(lambda dask_worker: dask_worker.gpt_models_opened)
        expect_equal(list(opened.values()), [1])
    check_results(output)


# The program itself dies; the next one goes on from what was finished.
@case
def goes_on_after_it_was_killed():
    prompts = tap.file("prompts.txt", "\n".join(PROMPTS).encode())
    output = os.path.join(tap.directory, "resumed.jsonl")
    with cluster() as (scheduler, _):
        program = begin(scheduler, prompts, output)
        wait_for(lambda: lines_of(output + ".part") >= 3, "the first results")
        program.kill()
        program.communicate()
        with open(output + ".part", "ab") as part:
            part.write(b'{"batch": 5, "pro')
        program = begin(scheduler, prompts, output)
        _, progress = program.communicate(timeout=TIME_LIMIT)
        expect_equal(program.returncode, 0)
        done = int(progress.split()[0])
        expect(3 * BATCH <= done < len(PROMPTS), "began again with", done, "finished prompts")
    check_results(output)


if __name__ == "__main__":
    tap.main()
