#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_generate.py: a first look at the Python package."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TEST_SOURCE_DIR"], "cli"))
import tap  # noqa: E402
from tap import case, expect  # noqa: E402
import gpt  # noqa: E402

@case
def generates():
    expect(len(gpt.Model.from_pretrained("storyteller").generate("The fox", max_new_tokens=5).token_ids) == 5)

tap.main()
