#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_lifetime.py: who keeps what alive, memory, threads, the interpreter's lock, and signals."""
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from common import case, expect, expect_equal, gpt, raises, storyteller, tap


def memory():
    """The memory of this process in kilobytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


@case
def what_is_used_stays_alive():
    generator = gpt.Model.from_pretrained("storyteller", threads=1).generator(max_new_tokens=5, do_sample=False)
    expected = str(storyteller().generate("The fox", max_new_tokens=5, do_sample=False))
    gc.collect()
    expect_equal(str(generator.generate("The fox")), expected)
    tokenizer = gpt.Model.from_pretrained("storyteller").tokenizer
    gc.collect()
    expect_equal(tokenizer.decode(tokenizer.encode("The fox")), "The fox")
    stream = gpt.Model.from_pretrained("storyteller", threads=1).stream("The fox", max_new_tokens=5, do_sample=False)
    gc.collect()
    expect_equal("".join(stream), expected)


@case
def what_is_closed_says_so():
    with gpt.Model.from_pretrained("storyteller", threads=1) as model:
        generator = model.generator(max_new_tokens=3)
        tokenizer = model.tokenizer
        expected = [list(generator.logits("The fox")[1]), list(generator.hidden_states("The fox")[1])]
    raises(gpt.ArgumentError, lambda: model.generate("x"), "closed")
    expect_equal([list(generator.logits("The fox")[1]), list(generator.hidden_states("The fox")[1])], expected)
    expect_equal((repr(model), len(generator.generate("x").token_ids)), ("<gpt.Model, closed>", 3))
    with generator:
        pass
    raises(gpt.ArgumentError, lambda: generator.generate("x"), "closed")
    with tokenizer:
        pass
    raises(gpt.ArgumentError, lambda: tokenizer.encode("x"), "closed")
    model.close()
    generator.close()


def cycle():
    """Opens and drops one of each, in ways that succeed and that fail."""
    tokenizer = gpt.Tokenizer.from_pretrained(tap.STORYTELLER)
    tokenizer.decode(tokenizer.encode("The fox \U0001f98a"))
    generator = storyteller().generator(max_new_tokens=2, logprobs=1, logits_processor=lambda ids, logits: None)
    generator.generate(["The fox", "The owl"], num_return_sequences=2)
    generator.score("The fox")
    generator.logits("The fox")
    next(generator.stream("The fox", num_return_sequences=1))
    try:
        tokenizer.decode([-1])
    except gpt.Error:
        pass


@case
def thousands_of_cycles_leave_memory_flat():
    for _ in range(200):
        cycle()
    before = memory()
    for _ in range(2000):
        cycle()
    expect(memory() - before < 4096, "memory grew by", memory() - before, "kB")


@case
def opened_models_are_freed():
    for _ in range(10):
        gpt.Model.from_pretrained("storyteller", threads=1).generate("x", max_new_tokens=1)
    before = memory()
    for _ in range(60):
        gpt.Model.from_pretrained("storyteller", threads=1).generate("x", max_new_tokens=1)
    # One model takes some 8 MB.
    expect(memory() - before < 16384, "memory grew by", memory() - before, "kB")


# While one thread computes, another one must run Python code.
@case
def other_threads_run_meanwhile():
    ids = storyteller().tokenizer.encode("Once upon a time there was a fox. " * 40)[:512]
    generator = storyteller().generator()
    counted = []

    def compute():
        for _ in range(5):
            generator.logits(ids)

    thread = threading.Thread(target=compute)
    thread.start()
    while thread.is_alive():
        counted.append(time.monotonic())
    expect(len(counted) > 1000, "only", len(counted), "rounds")


@case
def threads_share_a_model_and_wait_for_a_generator():
    expected = str(storyteller().generate("The fox", max_new_tokens=20, do_sample=False))
    shared = storyteller().generator(max_new_tokens=20, do_sample=False)
    found = []

    def work():
        for _ in range(5):
            found.append(str(shared.generate("The fox")))
            found.append(str(storyteller().generate("The fox", max_new_tokens=20, do_sample=False)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_equal(found, [expected] * 40)


# Each call of a shared generator computes with the settings that it was given, whatever other threads ask for.
@case
def threads_that_share_a_generator_keep_their_settings():
    shared = storyteller().generator(do_sample=False)
    found = []

    def work(count, beams):
        for _ in range(50):
            output = shared.generate("The fox", max_new_tokens=count, num_beams=beams)
            found.append((count, beams, len(output.token_ids), output.score is not None))

    threads = [threading.Thread(target=work, args=pair) for pair in [(3, 1), (5, 1), (2, 2)]]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    expect_equal(len(found), 150)
    expect_equal([line for line in found if line[2:] != (line[0], line[1] > 1)], [])


@case
def cancelling_from_another_thread_arrives():
    generator = storyteller().generator(eos_token_id=[], max_new_tokens=500)
    timer = threading.Timer(0.02, generator.cancel)
    timer.start()
    error = raises(gpt.CancelledError, lambda: [generator.generate("The fox") for _ in range(100)])
    timer.join()
    expect_equal((error.status, generator.active), (-7, 0))


# Ctrl-C in a program that generates without end: it ends within a token, by KeyboardInterrupt.
@case
def control_c_stops_a_generation():
    program = """
import gpt, sys, time
m = gpt.Model.from_pretrained("storyteller", threads=1)
g = m.generator(eos_token_id=[], max_new_tokens=%s)
last = [0]
def note(event):
    last[0] = time.monotonic()
print("ready", flush=True)
try:
    while True:
        %s
except KeyboardInterrupt:
    print("stopped", g.active, last[0] == 0 or time.monotonic() - last[0] < 0.5, flush=True)
"""
    for call in ['g.generate("The fox", callback=note)', 'for piece in g.stream("The fox"): note(piece)',
                 'g.generate("The fox", num_beams=200)']:
        process = subprocess.Popen([sys.executable, "-c", program % (500, call)], stdout=subprocess.PIPE, text=True)
        expect_equal(process.stdout.readline(), "ready\n")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
        expect_equal((out, process.returncode), ("stopped 0 True\n", 0))


@case
def messages_are_text_whatever_files_hold():
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "config.json"), "wb") as file:
            file.write(b'{"model_type": "\xff"}')
        raises(gpt.UnsupportedError, lambda: gpt.Model.from_pretrained(directory), 'model_type "?"')


tap.main()
