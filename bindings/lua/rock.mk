# SPDX-License-Identifier: Apache-2.0
# lua/rock.mk: what luarocks runs: the compiled module by SWIG, against an installed libgpt.
INTERFACE = ../swig

core.so: $(INTERFACE)/lua.i $(INTERFACE)/gpt.i
	swig -lua -I$(INTERFACE) -I$(GPT_INCDIR) -o gpt_lua.c $(INTERFACE)/lua.i
	$(CC) $(CFLAGS) -fno-strict-aliasing -I$(LUA_INCDIR) -I$(GPT_INCDIR) $(LIBFLAG) gpt_lua.c -o $@ -L$(GPT_LIBDIR) -lgpt

install: core.so
	mkdir -p "$(LIBDIR)/gpt" "$(LUADIR)/gpt"
	cp core.so "$(LIBDIR)/gpt/"
	cp gpt.lua "$(LUADIR)/"
	cp gpt/*.lua "$(LUADIR)/gpt/"
