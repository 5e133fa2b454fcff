/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swig/python.i: libgpt for Python: the module _gpt, on which the package bindings/python/gpt stands.
 *
 * Functions that compute or read files give up the interpreter's lock; callbacks take it. Failures raise the class that
 * gpt._errors has for their code.
 */
%module(threads="1") gpt
%nothread;

%{
#include <gpt/gpt.h>
#include <string.h>

/* Raises the exception of a status, with a message. */
static void gpt_python_raise_text(gpt_status status, const char *message)
{
    PyObject *module = PyImport_ImportModule("gpt._errors");
    PyObject *text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "replace");
    PyObject *error = module && text ? PyObject_CallMethod(module, "error_of", "iO", (int)status, text) : NULL;
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(text);
    Py_XDECREF(module);
}

/* The same with the message of the call that has just failed on this thread. */
static void gpt_python_raise(gpt_status status)
{
    gpt_python_raise_text(status, gpt_error_message());
}

/* The result of a function that returns nothing but its status. */
static PyObject *gpt_python_nothing(gpt_status status)
{
    if (status == GPT_OK)
        Py_RETURN_NONE;
    gpt_python_raise(status);
    return NULL;
}

/* The bytes of a str, as UTF-8, or of a bytes object; they live as long as it. */
static int gpt_python_text(PyObject *object, const char **text, size_t *length)
{
    Py_ssize_t size;
    char *bytes;
    if (PyUnicode_Check(object)) {
        *text = PyUnicode_AsUTF8AndSize(object, &size);
    } else if (PyBytes_Check(object)) {
        *text = PyBytes_AsStringAndSize(object, &bytes, &size) == 0 ? bytes : NULL;
    } else {
        PyErr_Format(PyExc_TypeError, "a text must be str or bytes, not %.200s", Py_TYPE(object)->tp_name);
        return -1;
    }
    if (*text == NULL)
        return -1;
    *length = (size_t)size;
    return 0;
}

static int gpt_python_id(PyObject *object, int32_t *id)
{
    PyObject *number = PyNumber_Index(object);
    if (number == NULL)
        return -1;
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (overflow != 0 || value < INT32_MIN || value > INT32_MAX) {
        gpt_python_raise_text(GPT_E_ARGUMENT, "ids: a token id must fit in 32 bits");
        return -1;
    }
    *id = (int32_t)value;
    return 0;
}

/* The ids of a buffer of 32-bit integers, such as a NumPy array. Returns 1, or 0 when the object is something else. */
static int gpt_python_id_buffer(PyObject *object, int32_t **ids, size_t *count)
{
    Py_buffer view;
    if (!PyObject_CheckBuffer(object) || PyBytes_Check(object))
        return 0;
    if (PyObject_GetBuffer(object, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
        PyErr_Clear();
        return 0;
    }
    int fits = view.ndim == 1 && view.format != NULL && strcmp(view.format, "i") == 0 && view.itemsize == sizeof **ids;
    if (fits && (*ids = PyMem_Malloc((size_t)view.len + 1)) != NULL) {
        memcpy(*ids, view.buf, (size_t)view.len);
        *count = (size_t)view.len / sizeof **ids;
    }
    PyBuffer_Release(&view);
    return fits && *ids != NULL;
}

/* A copy of the ids of a buffer or a sequence, freed with PyMem_Free. */
static int gpt_python_ids(PyObject *object, int32_t **ids, size_t *count)
{
    if (gpt_python_id_buffer(object, ids, count))
        return 0;
    if (PyUnicode_Check(object) || PyBytes_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "token ids must be a sequence of integers, not a text");
        return -1;
    }
    PyObject *list = PySequence_Fast(object, "token ids must be a sequence of integers");
    if (list == NULL)
        return -1;
    Py_ssize_t size = PySequence_Fast_GET_SIZE(list);
    *ids = PyMem_Malloc(((size_t)size + 1) * sizeof **ids);
    if (*ids == NULL)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; *ids != NULL && i < size; i++) {
        if (gpt_python_id(PySequence_Fast_GET_ITEM(list, i), &(*ids)[i]) != 0) {
            PyMem_Free(*ids);
            *ids = NULL;
        }
    }
    Py_DECREF(list);
    *count = (size_t)size;
    return *ids != NULL ? 0 : -1;
}

static PyObject *gpt_python_id_list(const int32_t *ids, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *id = PyLong_FromLong(ids[i]);
        if (id == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, id);
    }
    return list;
}

/* The memory of an object that can be written, and holds so many floats; NULL for None. */
static int gpt_python_floats(PyObject *object, size_t count, Py_buffer *view, float **floats)
{
    *floats = NULL;
    view->obj = NULL;
    if (object == Py_None)
        return 0;
    if (PyObject_GetBuffer(object, view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) != 0)
        return -1;
    if ((size_t)view->len != count * sizeof **floats) {
        PyErr_Format(PyExc_ValueError, "%zd bytes are needed for %zu floats, not %zd",
                     (Py_ssize_t)(count * sizeof **floats), count, view->len);
        PyBuffer_Release(view);
        return -1;
    }
    *floats = view->buf;
    return 0;
}
%}

/* --- Typemaps that gpt.i asks for ------------------------------------------------------------------------------- */

%typemap(in) (const char *TEXT, size_t LENGTH) (const char *text = NULL, size_t length = 0)
{
    if (gpt_python_text($input, &text, &length) != 0)
        SWIG_fail;
    $1 = ($1_ltype)text;
    $2 = length;
}

%typemap(in) (const int32_t *IDS, size_t COUNT) (int32_t *ids = NULL, size_t count = 0)
{
    if (gpt_python_ids($input, &ids, &count) != 0)
        SWIG_fail;
    $1 = ids;
    $2 = count;
}
%typemap(freearg) (const int32_t *IDS, size_t COUNT) "PyMem_Free($1);"

%typemap(in, numinputs=0) (char **TEXT, size_t *LENGTH) (char *text = NULL, size_t length = 0)
{
    $1 = &text;
    $2 = &length;
}
%typemap(argout) (char **TEXT, size_t *LENGTH)
{
    Py_XDECREF($result);
    $result = PyUnicode_DecodeUTF8(*$1, (Py_ssize_t)*$2, "replace");
}
%typemap(freearg) (char **TEXT, size_t *LENGTH) "gpt_free(*$1);"

%typemap(in, numinputs=0) (int32_t **IDS, size_t *COUNT) (int32_t *ids = NULL, size_t count = 0)
{
    $1 = &ids;
    $2 = &count;
}
%typemap(argout) (int32_t **IDS, size_t *COUNT)
{
    Py_XDECREF($result);
    $result = gpt_python_id_list(*$1, *$2);
}
%typemap(freearg) (int32_t **IDS, size_t *COUNT) "gpt_free(*$1);"

%define GPT_OUT_HANDLE(NAME)
%typemap(in, numinputs=0) NAME **OUT (NAME *handle = NULL) "$1 = &handle;"
%typemap(argout) NAME **OUT
{
    Py_XDECREF($result);
    $result = SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN);
}
%enddef
GPT_OUT_HANDLE(gpt_tokenizer)
GPT_OUT_HANDLE(gpt_model_options)
GPT_OUT_HANDLE(gpt_model)
GPT_OUT_HANDLE(gpt_generator)
GPT_OUT_HANDLE(gpt_result)
GPT_OUT_HANDLE(gpt_chat)

%typemap(in, numinputs=0) int64_t *OUT_NUMBER (int64_t number = 0) "$1 = &number;"
%typemap(argout) int64_t *OUT_NUMBER
{
    Py_XDECREF($result);
    $result = PyLong_FromLongLong(*$1);
}
%typemap(in, numinputs=0) double *OUT_RATE (double rate = 0) "$1 = &rate;"
%typemap(argout) double *OUT_RATE
{
    Py_XDECREF($result);
    $result = PyFloat_FromDouble(*$1);
}

/* Paths: str, bytes, or what has a path. */
%typemap(in) const char *name_or_path (PyObject *path = NULL), const char *path (PyObject *path = NULL)
{
    if (PyUnicode_FSConverter($input, &path) == 0)
        SWIG_fail;
    $1 = PyBytes_AS_STRING(path);
}
%typemap(freearg) const char *name_or_path, const char *path "Py_XDECREF(path$argnum);"

%typemap(out) gpt_status
{
    $result = gpt_python_nothing($1);
    if ($result == NULL)
        SWIG_fail;
}

/* What takes long enough for other threads to go on meanwhile. */
%thread gpt_model_open;
%thread gpt_tokenizer_open;
%thread gpt_tokenizer_encode;
%thread gpt_tokenizer_decode;
%thread gpt_generator_add;
%thread gpt_generator_add_ids;
%thread gpt_generator_step;
%thread gpt_generator_run;
%thread gpt_generator_run_ids;
%thread gpt_measure_products;

%include "gpt.i"

/* --- What C does with callbacks, arrays and borrowed strings ----------------------------------------------------- */

%inline %{
/* The bytes of a token. */
PyObject *gpt_python_token_bytes(const gpt_tokenizer *tokenizer, int32_t id)
{
    size_t length;
    const char *bytes = gpt_tokenizer_token_bytes(&length, tokenizer, id);
    if (bytes != NULL)
        return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
    gpt_python_raise(GPT_E_ARGUMENT);
    return NULL;
}

/* The path that a name stands for. */
PyObject *gpt_python_find(const char *name_or_path)
{
    char *path;
    gpt_status status = gpt_model_find(&path, name_or_path);
    if (status != GPT_OK)
        return gpt_python_nothing(status);
    PyObject *result = PyUnicode_DecodeFSDefault(path);
    gpt_free(path);
    return result;
}

/* Logits [T, V] and hidden states [T, D] of T ids, each into an object's memory unless it is None. */
PyObject *gpt_python_evaluate(gpt_generator *generator, const int32_t *ids, size_t count, PyObject *logits,
                              PyObject *hidden)
{
    const gpt_model *model = gpt_generator_model(generator);
    Py_buffer logits_view, hidden_view;
    float *logits_floats, *hidden_floats;
    if (gpt_python_floats(logits, count * (size_t)gpt_model_vocab_size(model), &logits_view, &logits_floats) != 0)
        return NULL;
    if (gpt_python_floats(hidden, count * (size_t)gpt_model_width(model), &hidden_view, &hidden_floats) != 0) {
        PyBuffer_Release(&logits_view);
        return NULL;
    }
    gpt_status status;
    Py_BEGIN_ALLOW_THREADS
    status = gpt_generator_evaluate(logits_floats, hidden_floats, generator, ids, count);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&logits_view);
    PyBuffer_Release(&hidden_view);
    return gpt_python_nothing(status);
}

/* Log-probabilities [T] of T ids into an object's memory. */
PyObject *gpt_python_score(gpt_generator *generator, const int32_t *ids, size_t count, PyObject *logprobs)
{
    Py_buffer view;
    float *floats;
    gpt_status status;
    if (gpt_python_floats(logprobs, count, &view, &floats) != 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = gpt_generator_score(floats, generator, ids, count);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    return gpt_python_nothing(status);
}

/* The settings applied to logits [V] in an object's memory. */
PyObject *gpt_python_process_logits(gpt_generator *generator, const int32_t *ids, size_t count, size_t prompt_count,
                                    PyObject *logits)
{
    Py_buffer view;
    float *floats;
    gpt_status status;
    size_t vocab = (size_t)gpt_model_vocab_size(gpt_generator_model(generator));
    if (gpt_python_floats(logits, vocab, &view, &floats) != 0)
        return NULL;
    status = gpt_generator_process_logits(floats, generator, ids, count, prompt_count);
    PyBuffer_Release(&view);
    return gpt_python_nothing(status);
}
%}

%{
/* The alternatives of an event: ((token, log-probability), ...). */
static PyObject *gpt_python_alternatives(const gpt_event *event)
{
    size_t count = gpt_event_alternative_count(event);
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *pair = Py_BuildValue("(id)", (int)gpt_event_alternative_token(event, i),
                                       (double)gpt_event_alternative_logprob(event, i));
        if (pair == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, pair);
    }
    return tuple;
}

/* An event as (sequence, token, text, finish or None, log-probability or None, alternatives). */
static PyObject *gpt_python_event(const gpt_event *event)
{
    size_t length;
    const char *text = gpt_event_text(&length, event);
    gpt_finish finish = gpt_event_finish(event);
    double logprob = (double)gpt_event_logprob(event);
    /* NaN, which alone differs from itself, means that none was asked for. */
    PyObject *number = logprob == logprob ? PyFloat_FromDouble(logprob) : Py_BuildValue("");
    return Py_BuildValue("(LiNzNN)", (long long)gpt_event_sequence(event), (int)gpt_event_token(event),
                         PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace"),
                         finish == GPT_FINISH_NONE ? NULL : gpt_finish_name(finish), number,
                         gpt_python_alternatives(event));
}
%}

%inline %{
/* Computes a step, and gives a list of its events. */
PyObject *gpt_python_step(gpt_generator *generator)
{
    gpt_status status;
    Py_BEGIN_ALLOW_THREADS
    status = gpt_generator_step(generator);
    Py_END_ALLOW_THREADS
    if (status != GPT_OK)
        return gpt_python_nothing(status);
    size_t count = gpt_generator_event_count(generator);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *event = gpt_python_event(gpt_generator_event(generator, i));
        if (event == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, event);
    }
    return list;
}
%}

%{
/* The log-probabilities of an output, or None. */
static PyObject *gpt_python_logprobs(const gpt_result *result, size_t index, size_t count)
{
    const float *logprobs = gpt_result_logprobs(result, index);
    if (logprobs == NULL)
        Py_RETURN_NONE;
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *number = PyFloat_FromDouble((double)logprobs[i]);
        if (number == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, number);
    }
    return list;
}
%}

%inline %{
/* An output of a result as (text, ids, log-probabilities or None, finish, number of prompt tokens, score). */
PyObject *gpt_python_output(const gpt_result *result, size_t index)
{
    size_t length, count;
    const char *text = gpt_result_text(&length, result, index);
    const int32_t *ids = gpt_result_ids(&count, result, index);
    return Py_BuildValue("(NNNsnd)", PyUnicode_DecodeUTF8(text != NULL ? text : "", (Py_ssize_t)length, "replace"),
                         gpt_python_id_list(ids, count), gpt_python_logprobs(result, index, count),
                         gpt_finish_name(gpt_result_finish(result, index)),
                         (Py_ssize_t)gpt_result_prompt_tokens(result, index),
                         (double)gpt_result_score(result, index));
}
%}

%{
/* Calls function(logits, ids, sequence), whose logits are a copy: Python code may keep what it is given. */
static int gpt_python_call_hook(PyObject *function, PyObject *copy, const int32_t *ids, size_t count, int64_t sequence)
{
    PyObject *list = gpt_python_id_list(ids, count);
    PyObject *answer = list ? PyObject_CallFunction(function, "OOL", copy, list, (long long)sequence) : NULL;
    int stop = answer != NULL ? PyObject_IsTrue(answer) : 1;
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(function);
    Py_XDECREF(answer);
    Py_XDECREF(list);
    return stop;
}

static int gpt_python_logits_hook(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence,
                                  void *function)
{
    PyGILState_STATE state = PyGILState_Ensure();
    Py_ssize_t size = (Py_ssize_t)vocab * (Py_ssize_t)sizeof *logits;
    PyObject *copy = PyByteArray_FromStringAndSize((const char *)logits, size);
    int stop = copy == NULL || gpt_python_call_hook(function, copy, ids, count, sequence);
    if (copy != NULL && PyByteArray_GET_SIZE(copy) == size)
        memcpy(logits, PyByteArray_AS_STRING(copy), (size_t)size);
    Py_XDECREF(copy);
    PyErr_Clear();
    PyGILState_Release(state);
    return stop;
}

static void gpt_python_log(gpt_log_level level, const char *line, void *function)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *text = PyUnicode_DecodeUTF8(line, (Py_ssize_t)strlen(line), "replace");
    PyObject *answer = text ? PyObject_CallFunction(function, "iO", (int)level, text) : NULL;
    if (answer == NULL)
        PyErr_WriteUnraisable(function);
    Py_XDECREF(answer);
    Py_XDECREF(text);
    PyGILState_Release(state);
}
%}

%inline %{
/* The tokens that end sequences. */
PyObject *gpt_python_stop_tokens(gpt_generator *generator)
{
    int32_t vocab = gpt_model_vocab_size(gpt_generator_model(generator));
    PyObject *list = PyList_New(0);
    for (int32_t id = 0; list != NULL && id < vocab; id++) {
        PyObject *number = gpt_generator_stop_token(generator, id) ? PyLong_FromLong(id) : NULL;
        if (number != NULL && PyList_Append(list, number) != 0)
            Py_CLEAR(list);
        Py_XDECREF(number);
    }
    return list;
}

/* Sets a hook, or none with None. The caller keeps the function alive for as long as sequences run that have it. */
PyObject *gpt_python_set_logits_hook(gpt_generator *generator, PyObject *function)
{
    gpt_logits_hook hook = function == Py_None ? NULL : gpt_python_logits_hook;
    return gpt_python_nothing(gpt_generator_set_logits_hook(generator, hook, function));
}

/* Sets the callback of the log, or none with None. The function is never freed: a line may be on its way to it. */
PyObject *gpt_python_set_log_callback(PyObject *function, int level)
{
    Py_INCREF(function);
    gpt_log_set_callback(function == Py_None ? NULL : gpt_python_log, (gpt_log_level)level, function);
    Py_RETURN_NONE;
}
%}
