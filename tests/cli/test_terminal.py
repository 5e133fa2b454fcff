#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/cli/test_terminal.py: Ctrl-C, readers that go away, and what a terminal shows."""
import os
import pty
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import tap
from tap import case, environment, expect, expect_equal

# Hundreds of samples up to the end of the context: far longer than these tests wait.
LONG = ["Once upon a time", "--samples", "512", "--temperature", "1", "--ignore-eos", "--max-new-tokens", "0"]


def start(*arguments, **more):
    return subprocess.Popen([tap.PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment(), **more)


@case
def ctrl_c_ends_a_text_with_a_newline_and_130():
    process = start(*LONG)
    first = os.read(process.stdout.fileno(), 100)
    expect(len(first) > 0, "no text came")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=tap.TIME_LIMIT)
    expect(time.monotonic() - began < 20, "took long to end")
    expect_equal((process.returncode, err), (130, b""))
    expect((first + out).endswith(b"\n"), out[-20:])


@case
def ctrl_c_prints_no_half_json():
    process = start(*LONG, "--json")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=tap.TIME_LIMIT)
    expect_equal((process.returncode, out, err.strip()), (130, b"", b""))


@case
def ctrl_c_while_input_is_awaited():
    read_end, write_end = os.pipe()
    process = subprocess.Popen([tap.PROGRAM], stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment())
    os.close(read_end)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=tap.TIME_LIMIT)
    os.close(write_end)
    expect_equal((process.returncode, out), (130, b""))


@case
def an_ignored_interrupt_stays_ignored():
    process = start("Once", "--ignore-eos", "--max-new-tokens", "200",
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=tap.TIME_LIMIT)
    expect_equal(process.returncode, 0)


@case
def a_reader_that_goes_away_is_no_failure():
    process = start(*LONG)
    expect(len(os.read(process.stdout.fileno(), 10)) > 0, "no text came")
    process.stdout.close()
    err = process.stderr.read()
    expect_equal((process.wait(timeout=tap.TIME_LIMIT), err), (0, b""))


@case
def text_comes_before_the_end():
    process = start(*LONG)
    ready, _, _ = select.select([process.stdout], [], [], tap.TIME_LIMIT)
    expect(ready and process.poll() is None, "all text came at the end")
    process.kill()
    process.communicate()


def on_a_terminal(*arguments):
    """What a terminal shows of a run whose three streams are that terminal."""
    try:
        pid, terminal = pty.fork()
    except OSError as error:
        raise tap.Skip("this system gives no terminal: %s" % error) from None
    if pid == 0:
        os.execve(tap.PROGRAM, [tap.PROGRAM, *arguments], environment())
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:
            block = b""
        if not block:
            break
        shown += block
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


@case
def a_terminal_gets_no_leftovers_of_progress():
    code, shown = on_a_terminal("bench", "-p", "300", "-g", "200", "-r", "20", "--json")
    expect_equal(code, 0)
    visible = shown.replace(b"\r\n", b"\n").split(b"\033[K")[-1]
    expect(visible.startswith(b"{") and visible.endswith(b"}\n"), shown[-200:])


@case
def a_prompt_is_asked_for_on_a_terminal():
    code, shown = on_a_terminal("--greedy")
    expect_equal(code, 2)
    expect(shown.startswith(b"gpt-cli: no text: ") and shown.count(b"\n") == 1, shown)
    code, shown = on_a_terminal("detokenize", "66")
    expect_equal((code, shown.count(b"\n")), (0, 1))


tap.main()
