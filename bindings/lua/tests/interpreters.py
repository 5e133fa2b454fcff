# SPDX-License-Identifier: Apache-2.0
"""lua/tests/interpreters.py: the Lua interpreters for which the binding is built, and how they find it."""
import os

# LuaJIT loads modules of Lua 5.1. Each variable holds the path of an interpreter, or nothing.
VERSIONS = [("LUA_5_1", "5.1"), ("LUA_5_2", "5.2"), ("LUA_5_3", "5.3"), ("LUA_5_4", "5.4"), ("LUA_JIT", "5.1")]


def found():
    """(name, path, environment) of each."""
    result = []
    for variable, version in VERSIONS:
        path = os.environ.get(variable, "")
        modules = os.path.join(os.environ.get("LUA_MODULES", ""), version)
        if path and os.path.isdir(modules):
            environment = dict(os.environ, LUA_PATH=os.path.join(os.environ["LUA_SOURCE"], "?.lua"),
                               LUA_CPATH=os.path.join(modules, "?.so"))
            # These would come before the two.
            for name in ("LUA_INIT", "LUA_PATH_5_2", "LUA_PATH_5_3", "LUA_PATH_5_4"):
                environment.pop(name, None)
            result.append((os.path.basename(path), path, environment))
    return result
