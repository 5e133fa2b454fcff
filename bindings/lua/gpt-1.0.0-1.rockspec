-- SPDX-License-Identifier: Apache-2.0
-- Builds the binding against an installed libgpt: luarocks make, in this directory. It needs swig and a C compiler.
rockspec_format = "3.0"
package = "gpt"
version = "1.0.0-1"
source = { url = "git+file://.", dir = "." }
description = {
    summary = "GPT language models on CPUs",
    detailed = "Opens models as Hugging Face has them, or GGUF files, and generates, streams and scores text.",
    license = "Apache-2.0",
}
dependencies = { "lua >= 5.1, < 5.5" }
external_dependencies = { GPT = { header = "gpt/gpt.h", library = "gpt" } }
build = {
    type = "make",
    makefile = "rock.mk",
    build_variables = {
        CFLAGS = "$(CFLAGS)", LIBFLAG = "$(LIBFLAG)", LUA_INCDIR = "$(LUA_INCDIR)",
        GPT_INCDIR = "$(GPT_INCDIR)", GPT_LIBDIR = "$(GPT_LIBDIR)",
    },
    install_variables = { LIBDIR = "$(LIBDIR)", LUADIR = "$(LUADIR)" },
}
