/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swig/lua.i: libgpt for Lua 5.1 to 5.4 and LuaJIT: the module gpt.core, on which bindings/lua/gpt.lua stands.
 *
 * A function that fails raises a table with its code and message, which gpt/errors.lua turns into what users see. No
 * error of Lua's leaves a callback: it would jump over libgpt's frames. It is kept, and raised when libgpt has returned.
 */
%module gpt_core

%{
#include <gpt/gpt.h>
#include <string.h>

/* Pushes what is raised for a status. */
static void gpt_lua_push_error(lua_State *L, gpt_status status, const char *message)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, (lua_Integer)status);
    lua_setfield(L, -2, "code");
    /* Set by gpt/errors.lua. */
    lua_getfield(L, LUA_REGISTRYINDEX, "gpt.error");
    lua_setmetatable(L, -2);
}

/* Raises the error of the call that has just failed, unless none has. */
static void gpt_lua_check(lua_State *L, gpt_status status)
{
    if (status == GPT_OK)
        return;
    gpt_lua_push_error(L, status, gpt_error_message());
    lua_error(L);
}

/* A whole number in a range; otherwise pushes the error and returns 0. */
static int gpt_lua_whole(lua_State *L, int index, double low, double high, int64_t *number)
{
    lua_Number value = lua_tonumber(L, index);
    char message[120];
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index) && lua_tointeger(L, index) >= low && (double)lua_tointeger(L, index) <= high) {
        *number = lua_tointeger(L, index);
        return 1;
    }
#endif
    if (lua_isnumber(L, index) && value >= low && value <= high && value == (lua_Number)(int64_t)value) {
        *number = (int64_t)value;
        return 1;
    }
    if (lua_isnumber(L, index))
        snprintf(message, sizeof message, "%.14g is not a whole number from %.0f to %.0f", (double)value, low, high);
    else
        snprintf(message, sizeof message, "a number is needed, not a %s", lua_typename(L, lua_type(L, index)));
    gpt_lua_push_error(L, GPT_E_ARGUMENT, message);
    return 0;
}

/* Bytes of a string; otherwise pushes the error and returns NULL. Numbers are not taken for strings. */
static const char *gpt_lua_text(lua_State *L, int index, size_t *length)
{
    if (lua_type(L, index) == LUA_TSTRING)
        return lua_tolstring(L, index, length);
    lua_pushfstring(L, "a text must be a string, not a %s", lua_typename(L, lua_type(L, index)));
    gpt_lua_push_error(L, GPT_E_ARGUMENT, lua_tostring(L, -1));
    return NULL;
}

/* A copy of the ids in a list, in memory that the collector frees; otherwise pushes the error and returns NULL. */
static int32_t *gpt_lua_ids(lua_State *L, int index, size_t *count)
{
    int64_t id = 0;
    if (lua_type(L, index) != LUA_TTABLE) {
        lua_pushfstring(L, "token ids must be in a table, not a %s", lua_typename(L, lua_type(L, index)));
        gpt_lua_push_error(L, GPT_E_ARGUMENT, lua_tostring(L, -1));
        return NULL;
    }
    *count = lua_rawlen(L, index);
    int32_t *ids = lua_newuserdata(L, (*count + 1) * sizeof *ids);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        if (!gpt_lua_whole(L, -1, INT32_MIN, INT32_MAX, &id))
            return NULL;
        ids[i] = (int32_t)id;
        lua_pop(L, 1);
    }
    return ids;
}

static void gpt_lua_push_ids(lua_State *L, const int32_t *ids, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, ids[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void gpt_lua_push_floats(lua_State *L, const float *floats, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushnumber(L, (lua_Number)floats[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}
%}

/* --- Numbers: whole ones in their range, and integers where Lua has them ----------------------------------------- */

%define GPT_WHOLE(TYPE, LOW, HIGH)
%typemap(in) TYPE (int64_t number = 0)
{
    if (!gpt_lua_whole(L, $input, LOW, HIGH, &number))
        SWIG_fail;
    $1 = ($1_ltype)number;
}
%typemap(out) TYPE "lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++;"
%enddef
GPT_WHOLE(int, INT_MIN, INT_MAX)
GPT_WHOLE(int32_t, INT32_MIN, INT32_MAX)
GPT_WHOLE(int64_t, -9007199254740992.0, 9007199254740992.0)
GPT_WHOLE(uint64_t, 0, 9007199254740992.0)
GPT_WHOLE(size_t, 0, 9007199254740992.0)
GPT_WHOLE(enum SWIGTYPE, INT_MIN, INT_MAX)

/* --- Typemaps that gpt.i asks for ------------------------------------------------------------------------------- */

%typemap(in) (const char *TEXT, size_t LENGTH) (const char *text = NULL, size_t length = 0)
{
    if ((text = gpt_lua_text(L, $input, &length)) == NULL)
        SWIG_fail;
    $1 = ($1_ltype)text;
    $2 = length;
}

%typemap(in) (const int32_t *IDS, size_t COUNT) (int32_t *ids = NULL, size_t count = 0)
{
    if ((ids = gpt_lua_ids(L, $input, &count)) == NULL)
        SWIG_fail;
    $1 = ids;
    $2 = count;
}

%typemap(in, numinputs=0) (char **TEXT, size_t *LENGTH) (char *text = NULL, size_t length = 0)
{
    $1 = &text;
    $2 = &length;
}
%typemap(argout) (char **TEXT, size_t *LENGTH) "lua_pushlstring(L, *$1 != NULL ? *$1 : \"\", *$2); SWIG_arg++;"
%typemap(freearg) (char **TEXT, size_t *LENGTH) "gpt_free(text$argnum);"

%typemap(in, numinputs=0) (int32_t **IDS, size_t *COUNT) (int32_t *ids = NULL, size_t count = 0)
{
    $1 = &ids;
    $2 = &count;
}
%typemap(argout) (int32_t **IDS, size_t *COUNT) "gpt_lua_push_ids(L, *$1, *$2); SWIG_arg++;"
%typemap(freearg) (int32_t **IDS, size_t *COUNT) "gpt_free(ids$argnum);"

%define GPT_OUT_HANDLE(NAME)
%typemap(in, numinputs=0) NAME **OUT (NAME *handle = NULL) "$1 = &handle;"
%typemap(argout) NAME **OUT "SWIG_NewPointerObj(L, *$1, $*1_descriptor, 1); SWIG_arg++;"
%enddef
GPT_OUT_HANDLE(gpt_tokenizer)
GPT_OUT_HANDLE(gpt_model_options)
GPT_OUT_HANDLE(gpt_model)
GPT_OUT_HANDLE(gpt_generator)
GPT_OUT_HANDLE(gpt_result)
GPT_OUT_HANDLE(gpt_chat)

%typemap(in, numinputs=0) int64_t *OUT_NUMBER (int64_t number = 0) "$1 = &number;"
%typemap(argout) int64_t *OUT_NUMBER "lua_pushinteger(L, (lua_Integer)*$1); SWIG_arg++;"
%typemap(in, numinputs=0) double *OUT_RATE (double rate = 0) "$1 = &rate;"
%typemap(argout) double *OUT_RATE "lua_pushnumber(L, *$1); SWIG_arg++;"

%typemap(out) gpt_status
{
    if ($1 != GPT_OK) {
        gpt_lua_push_error(L, $1, gpt_error_message());
        SWIG_fail;
    }
}

%include "gpt.i"

/* --- What C does with callbacks, arrays and borrowed strings ----------------------------------------------------- */

%{
/* The handle of an argument, of the type that SWIG knows by this name; raises an error for anything else. */
static void *gpt_lua_handle(lua_State *L, int index, swig_type_info *type)
{
    void *handle = NULL;
    if (lua_isnil(L, index) || !SWIG_IsOK(SWIG_ConvertPtr(L, index, &handle, type, 0)) || handle == NULL) {
        gpt_lua_push_error(L, GPT_E_ARGUMENT, "a handle of another kind, or a closed one");
        lua_error(L);
    }
    return handle;
}

/*
 * Who computes: the Lua thread that has called a step. Each generator has one; its hooks find here where to run. It is a
 * userdatum, and the registry keeps what a hook raised under its address.
 */
typedef struct gpt_lua_runner {
    lua_State *L;
    int failed;
} gpt_lua_runner;

/* A hook is a userdatum; the registry keeps its function under its address. */
typedef struct gpt_lua_hook {
    gpt_lua_runner *runner;
} gpt_lua_hook;

/* What a hook is called with. */
typedef struct gpt_lua_call {
    gpt_lua_hook *hook;
    float *logits;
    int32_t vocab;
    const int32_t *ids;
    size_t count;
    int64_t sequence;
} gpt_lua_call;

/* Copies the logits of a list back. */
static void gpt_lua_take_logits(lua_State *L, int index, gpt_lua_call *call)
{
    if (lua_type(L, index) != LUA_TTABLE || lua_rawlen(L, index) != (size_t)call->vocab)
        luaL_error(L, "logits_processor: %d logits are expected", (int)call->vocab);
    for (int32_t i = 0; i < call->vocab; i++) {
        lua_rawgeti(L, index, i + 1);
        if (!lua_isnumber(L, -1))
            luaL_error(L, "logits_processor: logit %d is no number", (int)i + 1);
        call->logits[i] = (float)lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
}

/* Protected: calls function(ids, logits, sequence). It changes the logits, or returns others. */
static int gpt_lua_run_hook(lua_State *L)
{
    gpt_lua_call *call = lua_touserdata(L, 1);
    luaL_checkstack(L, 10, "a hook");
    gpt_lua_push_floats(L, call->logits, (size_t)call->vocab);
    int logits = lua_gettop(L);
    lua_pushlightuserdata(L, call->hook);
    lua_rawget(L, LUA_REGISTRYINDEX);
    gpt_lua_push_ids(L, call->ids, call->count);
    lua_pushvalue(L, logits);
    lua_pushinteger(L, (lua_Integer)call->sequence);
    lua_call(L, 3, 1);
    gpt_lua_take_logits(L, lua_isnil(L, -1) ? logits : lua_gettop(L), call);
    return 0;
}

/* Calls a C function so that errors come back as a status, with the error on the stack. */
static int gpt_lua_protect(lua_State *L, lua_CFunction function, void *argument)
{
#if LUA_VERSION_NUM < 502
    return lua_cpcall(L, function, argument);
#else
    if (!lua_checkstack(L, 4))
        return LUA_ERRMEM;
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, argument);
    return lua_pcall(L, 1, 0, 0);
#endif
}

static int gpt_lua_logits_hook(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence,
                               void *user)
{
    gpt_lua_hook *hook = user;
    gpt_lua_runner *runner = hook->runner;
    gpt_lua_call call = {hook, logits, vocab, ids, count, sequence};
    lua_State *L = runner->L;
    int top = lua_gettop(L);
    if (gpt_lua_protect(L, gpt_lua_run_hook, &call) == 0)
        return 0;
    /* The entry is there already, so that this needs no memory. */
    runner->failed = 1;
    if (lua_gettop(L) > top) {
        lua_pushlightuserdata(L, runner);
        lua_insert(L, -2);
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    lua_settop(L, top);
    return 1;
}

/* Raises what went wrong in a call that computes: what a hook raised, else the status. */
static void gpt_lua_end_call(lua_State *L, gpt_lua_runner *runner, gpt_status status)
{
    runner->L = NULL;
    if (runner->failed) {
        runner->failed = 0;
        lua_pushlightuserdata(L, runner);
        lua_rawget(L, LUA_REGISTRYINDEX);
        lua_error(L);
    }
    gpt_lua_check(L, status);
}

/* Begins a call that computes. gpt/generator.lua makes none while another one is under way. */
static gpt_lua_runner *gpt_lua_begin_call(lua_State *L, int index)
{
    gpt_lua_runner *runner = lua_touserdata(L, index);
    luaL_argcheck(L, runner != NULL && runner->L == NULL, index, "a runner that runs nothing is expected");
    runner->L = L;
    runner->failed = 0;
    return runner;
}

/* A userdatum goes: takes away what the registry keeps under its address. */
static int gpt_lua_forget(lua_State *L)
{
    lua_pushlightuserdata(L, lua_touserdata(L, 1));
    lua_pushnil(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return 0;
}

/* A userdatum, under whose address the registry keeps the value at the top of the stack; the value is popped. */
static void *gpt_lua_new_keeper(lua_State *L, size_t size)
{
    void *keeper = lua_newuserdata(L, size);
    memset(keeper, 0, size);
    if (luaL_newmetatable(L, "gpt.keeper")) {
        lua_pushcfunction(L, gpt_lua_forget);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, keeper);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return keeper;
}

/* runner(): for a generator. */
static int gpt_lua_runner_new(lua_State *L)
{
    lua_pushboolean(L, 1);
    gpt_lua_new_keeper(L, sizeof(gpt_lua_runner));
    return 1;
}

/* is_running(runner): whether a function is asking that its generator calls. */
static int gpt_lua_is_running(lua_State *L)
{
    gpt_lua_runner *runner = lua_touserdata(L, 1);
    luaL_argcheck(L, runner != NULL, 1, "a runner is expected");
    lua_pushboolean(L, runner->L != NULL);
    return 1;
}

/* set_hook(generator, runner, function): returns the hook, which must live as long as sequences that have it. */
static int gpt_lua_set_hook(lua_State *L)
{
    gpt_generator *generator = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_generator);
    if (lua_isnil(L, 3)) {
        gpt_lua_check(L, gpt_generator_set_logits_hook(generator, NULL, NULL));
        return 0;
    }
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_pushvalue(L, 3);
    gpt_lua_hook *hook = gpt_lua_new_keeper(L, sizeof *hook);
    hook->runner = lua_touserdata(L, 2);
    gpt_lua_check(L, gpt_generator_set_logits_hook(generator, gpt_lua_logits_hook, hook));
    return 1;
}

static void gpt_lua_push_alternatives(lua_State *L, const gpt_event *event)
{
    size_t count = gpt_event_alternative_count(event);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, gpt_event_alternative_token(event, i));
        lua_setfield(L, -2, "token");
        lua_pushnumber(L, (lua_Number)gpt_event_alternative_logprob(event, i));
        lua_setfield(L, -2, "logprob");
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void gpt_lua_push_event(lua_State *L, const gpt_event *event)
{
    size_t length;
    const char *text = gpt_event_text(&length, event);
    gpt_finish finish = gpt_event_finish(event);
    float logprob = gpt_event_logprob(event);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)gpt_event_sequence(event));
    lua_setfield(L, -2, "sequence");
    lua_pushinteger(L, gpt_event_token(event));
    lua_setfield(L, -2, "token");
    lua_pushlstring(L, text, length);
    lua_setfield(L, -2, "text");
    if (finish != GPT_FINISH_NONE) {
        lua_pushstring(L, gpt_finish_name(finish));
        lua_setfield(L, -2, "finish_reason");
    }
    /* NaN, which alone differs from itself, means that none was asked for. */
    if (logprob == logprob) {
        lua_pushnumber(L, (lua_Number)logprob);
        lua_setfield(L, -2, "logprob");
        gpt_lua_push_alternatives(L, event);
        lua_setfield(L, -2, "alternatives");
    }
}

/* step(generator, runner): a list of events. */
static int gpt_lua_step(lua_State *L)
{
    gpt_generator *generator = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_generator);
    gpt_lua_runner *runner = gpt_lua_begin_call(L, 2);
    gpt_status status = gpt_generator_step(generator);
    gpt_lua_end_call(L, runner, status);
    size_t count = gpt_generator_event_count(generator);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        gpt_lua_push_event(L, gpt_generator_event(generator, i));
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void gpt_lua_push_output(lua_State *L, const gpt_result *result, size_t index)
{
    size_t length, count;
    const char *text = gpt_result_text(&length, result, index);
    const int32_t *ids = gpt_result_ids(&count, result, index);
    const float *logprobs = gpt_result_logprobs(result, index);
    lua_createtable(L, 0, 6);
    lua_pushlstring(L, text != NULL ? text : "", length);
    lua_setfield(L, -2, "text");
    gpt_lua_push_ids(L, ids, count);
    lua_setfield(L, -2, "token_ids");
    lua_pushstring(L, gpt_finish_name(gpt_result_finish(result, index)));
    lua_setfield(L, -2, "finish_reason");
    lua_pushinteger(L, (lua_Integer)gpt_result_prompt_tokens(result, index));
    lua_setfield(L, -2, "prompt_tokens");
    lua_pushnumber(L, (lua_Number)gpt_result_score(result, index));
    lua_setfield(L, -2, "score");
    if (logprobs != NULL) {
        gpt_lua_push_floats(L, logprobs, count);
        lua_setfield(L, -2, "logprobs");
    }
}

/* rows [T, width] as a list of lists. */
static void gpt_lua_push_rows(lua_State *L, const float *rows, size_t T, size_t width)
{
    lua_createtable(L, (int)T, 0);
    for (size_t t = 0; t < T; t++) {
        gpt_lua_push_floats(L, rows + t * width, width);
        lua_rawseti(L, -2, (int)t + 1);
    }
}

/* The same; raises the error. */
static int32_t *gpt_lua_check_ids(lua_State *L, int index, size_t *count)
{
    int32_t *ids = gpt_lua_ids(L, index, count);
    if (ids == NULL)
        lua_error(L);
    return ids;
}

/* search(generator, runner, prompt): the outputs of one prompt, a text or ids, by one call. */
static int gpt_lua_search(lua_State *L)
{
    gpt_generator *generator = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_generator);
    gpt_result *result = NULL;
    size_t count;
    int32_t *ids = lua_type(L, 3) == LUA_TTABLE ? gpt_lua_check_ids(L, 3, &count) : NULL;
    const char *text = ids == NULL ? gpt_lua_text(L, 3, &count) : NULL;
    if (ids == NULL && text == NULL)
        return lua_error(L);
    gpt_lua_runner *runner = gpt_lua_begin_call(L, 2);
    gpt_lua_end_call(L, runner, ids != NULL ? gpt_generator_run_ids(&result, generator, ids, count)
                                            : gpt_generator_run(&result, generator, text, count));
    /* The collector frees it, also when there is no memory for what follows. */
    SWIG_NewPointerObj(L, result, SWIGTYPE_p_gpt_result, 1);
    lua_createtable(L, (int)gpt_result_count(result), 0);
    for (size_t i = 0; i < gpt_result_count(result); i++) {
        gpt_lua_push_output(L, result, i);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* evaluate(generator, ids, which): the logits, or the hidden states, after each id, as a list of lists. */
static int gpt_lua_evaluate(lua_State *L)
{
    gpt_generator *generator = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_generator);
    const gpt_model *model = gpt_generator_model(generator);
    int hidden = strcmp(luaL_checkstring(L, 3), "hidden") == 0;
    size_t T, width = (size_t)(hidden ? gpt_model_width(model) : gpt_model_vocab_size(model));
    int32_t *ids = gpt_lua_check_ids(L, 2, &T);
    /* A text that is too long is refused before memory for its numbers is asked for. */
    size_t rows = T <= (size_t)gpt_model_context_length(model) ? T : 0;
    float *floats = lua_newuserdata(L, (rows * width + 1) * sizeof *floats);
    gpt_lua_check(L, gpt_generator_evaluate(hidden ? NULL : floats, hidden ? floats : NULL, generator, ids, T));
    gpt_lua_push_rows(L, floats, rows, width);
    return 1;
}

/* score(generator, ids): the log-probability of each id. */
static int gpt_lua_score(lua_State *L)
{
    gpt_generator *generator = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_generator);
    size_t T;
    int32_t *ids = gpt_lua_check_ids(L, 2, &T);
    float *logprobs = lua_newuserdata(L, (T + 1) * sizeof *logprobs);
    gpt_lua_check(L, gpt_generator_score(logprobs, generator, ids, T));
    gpt_lua_push_floats(L, logprobs, T);
    return 1;
}

/* token_bytes(tokenizer, id) */
static int gpt_lua_token_bytes(lua_State *L)
{
    size_t length;
    int64_t id;
    gpt_tokenizer *tokenizer = gpt_lua_handle(L, 1, SWIGTYPE_p_gpt_tokenizer);
    if (!gpt_lua_whole(L, 2, INT32_MIN, INT32_MAX, &id))
        return lua_error(L);
    const char *bytes = gpt_tokenizer_token_bytes(&length, tokenizer, (int32_t)id);
    gpt_lua_check(L, bytes != NULL ? GPT_OK : GPT_E_ARGUMENT);
    lua_pushlstring(L, bytes, length);
    return 1;
}

/* find(name): the path that a name stands for. */
static int gpt_lua_find(lua_State *L)
{
    char *path;
    gpt_lua_check(L, gpt_model_find(&path, luaL_checkstring(L, 1)));
    lua_pushstring(L, path);
    gpt_free(path);
    return 1;
}

/* close(handle): frees a model, a tokenizer, a generator or a conversation now. */
static int gpt_lua_close(lua_State *L)
{
    void *handle = NULL;
    if (SWIG_IsOK(SWIG_ConvertPtr(L, 1, &handle, SWIGTYPE_p_gpt_generator, SWIG_POINTER_DISOWN)))
        gpt_generator_free(handle);
    else if (SWIG_IsOK(SWIG_ConvertPtr(L, 1, &handle, SWIGTYPE_p_gpt_model, SWIG_POINTER_DISOWN)))
        gpt_model_free(handle);
    else if (SWIG_IsOK(SWIG_ConvertPtr(L, 1, &handle, SWIGTYPE_p_gpt_tokenizer, SWIG_POINTER_DISOWN)))
        gpt_tokenizer_free(handle);
    else if (SWIG_IsOK(SWIG_ConvertPtr(L, 1, &handle, SWIGTYPE_p_gpt_chat, SWIG_POINTER_DISOWN)))
        gpt_chat_free(handle);
    return 0;
}

/* set_error_type(metatable): of the errors that are raised. */
static int gpt_lua_set_error_type(lua_State *L)
{
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "gpt.error");
    return 0;
}
%}

%native(runner) int gpt_lua_runner_new(lua_State *L);
%native(is_running) int gpt_lua_is_running(lua_State *L);
%native(set_hook) int gpt_lua_set_hook(lua_State *L);
%native(step) int gpt_lua_step(lua_State *L);
%native(search) int gpt_lua_search(lua_State *L);
%native(evaluate) int gpt_lua_evaluate(lua_State *L);
%native(score) int gpt_lua_score(lua_State *L);
%native(token_bytes) int gpt_lua_token_bytes(lua_State *L);
%native(find) int gpt_lua_find(lua_State *L);
%native(close) int gpt_lua_close(lua_State *L);
%native(set_error_type) int gpt_lua_set_error_type(lua_State *L);
