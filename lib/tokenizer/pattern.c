/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/pattern.c: patterns into PCRE2's language, and their matches. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "tokenizer/pattern.h"

#include "base/memory.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

/* Steps of matching that each place of a text has without being counted; nearly all matches take fewer. */
#define FREE_STEPS 1000

/*
 * The steps beyond those that a text has in all: as many as take a tenth of a second, for patterns that try a run again
 * at each of its places, and more for each byte, as a run that is tried once takes a few steps for each character.
 */
#define LEAST_STEPS 50000000
#define STEPS_PER_BYTE 64

/* The stack of PCRE2's compiled code where its own 32 KiB are too little: for a group in a loop, some words a round. */
#define STACK_BYTES 65536
#define STACK_PER_BYTE 256

struct gpt__pattern_code {
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_code *code;
};

/*
 * Translation.
 */

/* Of a translated pattern, where \p{L} alone takes 12 KB. PCRE2 gives up earlier, but only after reading it all. */
#define MOST_BYTES (1 << 20)

/* A set of characters: categories, or a property bit. */
typedef struct set {
    unsigned categories;
    unsigned char property;
    int latin_numbers;
    int inverted;
} set;

/* A set that the pattern has named, and where in translation.ranges its members stand. */
typedef struct known_set {
    set set;
    size_t start, length;
} known_set;

typedef struct translation {
    const gpt__unicode *unicode;
    const char *path;
    const char *regex;
    const char *at;
    const char *hyphen; /* the last one of a class that is not first and has no backslash: a range, unless it is last */
    int any_case; /* at is in (?i: ... ), which has no groups */
    gpt__buffer out;
    gpt__buffer ranges;
    known_set *known;
    size_t known_count, known_capacity;
} translation;

static gpt_status refuse(const translation *t, const char *what)
{
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: a split pattern with %s is not supported: %s", t->path, what, t->regex);
}

static gpt_status add(translation *t, const char *text, size_t length)
{
    if (length > MOST_BYTES - t->out.length)
        return refuse(t, "too many characters and classes");
    return gpt__buffer_add(&t->out, text, length);
}

/* Numbers of Latin-1 that \w has for Oniguruma, but not [\w]: superscripts and fractions. */
static int is_latin_number(int32_t code)
{
    return code == 0xB2 || code == 0xB3 || code == 0xB9 || (code >= 0xBC && code <= 0xBE);
}

static int is_member(const translation *t, const set *s, int32_t code)
{
    int in = s->property != 0 ? (t->unicode->properties[code] & s->property) != 0
                              : gpt__in_categories(t->unicode, code, s->categories);
    return (in || (s->latin_numbers && is_latin_number(code))) != s->inverted;
}

static gpt_status add_range(translation *t, int32_t first, int32_t last)
{
    char text[40];
    int length = snprintf(text, sizeof text, "\\x{%X}-\\x{%X}", (unsigned)first, (unsigned)last);
    return gpt__buffer_add(&t->ranges, text, (size_t)length);
}

/* Finds the members of a set. Surrogates are no characters of a text. */
static gpt_status find_members(translation *t, const set *s)
{
    for (int32_t code = 0; code < GPT__CODE_POINTS; code++) {
        if (!is_member(t, s, code) || (code >= 0xD800 && code < 0xE000))
            continue;
        int32_t first = code;
        while (code + 1 < GPT__CODE_POINTS && code + 1 != 0xD800 && is_member(t, s, code + 1))
            code++;
        GPT__TRY(add_range(t, first, code));
    }
    return GPT_OK;
}

/* The members of a set as ranges, for the inside of a class. To find them takes milliseconds, so each is found once. */
static gpt_status add_members(translation *t, const set *s)
{
    for (size_t i = 0; i < t->known_count; i++) {
        const known_set *k = t->known + i;
        if (k->set.categories == s->categories && k->set.property == s->property &&
            k->set.latin_numbers == s->latin_numbers && k->set.inverted == s->inverted)
            return add(t, t->ranges.bytes + k->start, k->length);
    }
    size_t start = t->ranges.length;
    GPT__TRY(gpt__reserve((void **)&t->known, &t->known_capacity, t->known_count + 1, sizeof *t->known));
    GPT__TRY(find_members(t, s));
    t->known[t->known_count++] = (known_set){*s, start, t->ranges.length - start};
    return add(t, t->ranges.bytes + start, t->ranges.length - start);
}

static const struct {
    const char *name;
    unsigned categories;
} properties[] = {
    {"L", GPT__LETTERS}, {"M", GPT__MARKS}, {"N", GPT__NUMBERS},
    {"P", 1u << GPT__PC | 1u << GPT__PD | 1u << GPT__PS | 1u << GPT__PE | 1u << GPT__PI | 1u << GPT__PF |
              1u << GPT__PO},
    {"S", 1u << GPT__SM | 1u << GPT__SC | 1u << GPT__SK | 1u << GPT__SO},
    {"Z", 1u << GPT__ZS | 1u << GPT__ZL | 1u << GPT__ZP},
    {"Lu", 1u << GPT__LU}, {"Ll", 1u << GPT__LL}, {"Lt", 1u << GPT__LT}, {"Lm", 1u << GPT__LM}, {"Lo", 1u << GPT__LO},
    {"Mn", 1u << GPT__MN}, {"Mc", 1u << GPT__MC}, {"Me", 1u << GPT__ME}, {"Nd", 1u << GPT__ND}, {"Nl", 1u << GPT__NL},
    {"No", 1u << GPT__NO}, {"Pc", 1u << GPT__PC}, {"Pd", 1u << GPT__PD}, {"Ps", 1u << GPT__PS}, {"Pe", 1u << GPT__PE},
    {"Pi", 1u << GPT__PI}, {"Pf", 1u << GPT__PF}, {"Po", 1u << GPT__PO}, {"Sm", 1u << GPT__SM}, {"Sc", 1u << GPT__SC},
    {"Sk", 1u << GPT__SK}, {"So", 1u << GPT__SO}, {"Zs", 1u << GPT__ZS}, {"Zl", 1u << GPT__ZL}, {"Zp", 1u << GPT__ZP},
    {"Cc", 1u << GPT__CC}, {"Cf", 1u << GPT__CF}, {"Co", 1u << GPT__CO},
};

/* \p{name} or \P{name}, with t->at behind the p. */
static gpt_status read_property(set *out, translation *t, int inverted)
{
    const char *end = *t->at == '{' ? strchr(t->at, '}') : NULL;
    if (end == NULL)
        return refuse(t, "a property without braces");
    const char *name = t->at + 1;
    if (*name == '^') {
        inverted = !inverted;
        name++;
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        if (strlen(properties[i].name) != (size_t)(end - name) ||
            memcmp(properties[i].name, name, (size_t)(end - name)) != 0)
            continue;
        *out = (set){.categories = properties[i].categories, .inverted = inverted};
        t->at = end + 1;
        return GPT_OK;
    }
    char what[64];
    snprintf(what, sizeof what, "the property %.*s", (int)(end - name < 40 ? end - name : 40), name);
    return refuse(t, what);
}

/* The set that a letter behind a backslash names; *found is 0 for another letter. */
static gpt_status read_set(set *out, int *found, translation *t, char letter, int in_class)
{
    *found = 1;
    if (letter == 'p' || letter == 'P')
        return read_property(out, t, letter == 'P');
    if (letter == 's' || letter == 'S')
        *out = (set){.property = GPT__WHITE_SPACE, .inverted = letter == 'S'};
    else if (letter == 'w' || letter == 'W')
        *out = (set){.property = GPT__CLASS_WORD, .latin_numbers = !in_class, .inverted = letter == 'W'};
    else if (letter == 'd' || letter == 'D')
        *out = (set){.categories = 1u << GPT__ND, .inverted = letter == 'D'};
    else
        *found = 0;
    return GPT_OK;
}

static int is_hexadecimal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* \x with t->at behind the x. Without braces it is a byte of UTF-8 for Oniguruma, and a character for PCRE2. */
static gpt_status check_hexadecimal(const translation *t)
{
    if (*t->at == '{') {
        const char *end = t->at + 1;
        while (is_hexadecimal(*end))
            end++;
        return *end == '}' && end > t->at + 1 ? GPT_OK : refuse(t, "\\x{} that is no number");
    }
    if (!is_hexadecimal(t->at[0]))
        return refuse(t, "\\x without digits");
    return is_hexadecimal(t->at[1]) && t->at[0] >= '8' ? refuse(t, "\\x of 80 or more without braces") : GPT_OK;
}

/* What stands behind a backslash at t->at. */
static gpt_status translate_escape(translation *t, int in_class)
{
    set members = {0};
    int found;
    char letter = t->at[1];
    int ends_range = in_class && t->hyphen == t->at - 1;
    if (letter == '\0')
        return refuse(t, "a backslash at its end");
    t->at += 2;
    GPT__TRY(read_set(&members, &found, t, letter, in_class));
    if (found && ends_range)
        return refuse(t, "a range that ends in a class");
    if (t->any_case && (found || letter == 'x'))
        return refuse(t, "a class or number in (?i:");
    if (found) {
        GPT__TRY(add(t, "[", in_class ? 0 : 1));
        GPT__TRY(add_members(t, &members));
        return add(t, "]", in_class ? 0 : 1);
    }
    int is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    int is_digit = letter >= '0' && letter <= '9';
    if ((is_letter && strchr("rntfx", letter) == NULL) || is_digit) {
        char what[] = {'\\', letter, '\0'};
        return refuse(t, what);
    }
    if (letter == 'x')
        GPT__TRY(check_hexadecimal(t));
    return add(t, t->at - 2, 2);
}

/*
 * In (?i: ... ), where the languages have their own lists of which characters are alike. They agree on ASCII, but for
 * two letters that are also one ligature, which Oniguruma takes for them.
 */
static gpt_status check_any_case(const translation *t)
{
    if (t->any_case && (unsigned char)*t->at >= 0x80)
        return refuse(t, "a character above ASCII in (?i:");
    return GPT_OK;
}

static gpt_status check_ligatures(const translation *t)
{
    static const char ligatures[][3] = {"ff", "fi", "fl", "ss", "st"};
    for (size_t i = 0; t->any_case && i < sizeof ligatures / sizeof *ligatures; i++)
        if ((t->at[0] | 0x20) == ligatures[i][0] && (t->at[1] | 0x20) == ligatures[i][1])
            return refuse(t, "letters of a ligature in (?i:");
    return GPT_OK;
}

/* Braces after something: {,n} and a ? or + behind {n} mean other repetitions to Oniguruma. */
static gpt_status check_braces(const translation *t)
{
    if (t->at[0] == '{' && t->at[1] == ',')
        return refuse(t, "{,");
    if (t->at[0] != '}')
        return GPT_OK;
    if (t->at[1] == '+')
        return refuse(t, "a + after braces");
    const char *digit = t->at;
    while (digit > t->regex && digit[-1] >= '0' && digit[-1] <= '9')
        digit--;
    if (t->at[1] == '?' && digit < t->at && digit > t->regex && digit[-1] == '{')
        return refuse(t, "a ? after {n}");
    return GPT_OK;
}

/* From '[' to ']'. Nested classes, intersections and names such as [:alpha:] mean something else, or nothing, here. */
static gpt_status translate_class(translation *t)
{
    GPT__TRY(add(t, t->at++, 1));
    if (*t->at == '^')
        GPT__TRY(add(t, t->at++, 1));
    for (int first = 1; *t->at != ']' || first; first = 0) {
        if (*t->at == '\0')
            return refuse(t, "a class without end");
        GPT__TRY(check_any_case(t));
        if (*t->at == '[' || (*t->at == ']' && first) || strncmp(t->at, "&&", 2) == 0)
            return refuse(t, "a class in a class");
        if (*t->at == '-' && !first)
            t->hyphen = t->at;
        if (*t->at == '\\')
            GPT__TRY(translate_escape(t, 1));
        else
            GPT__TRY(add(t, t->at++, 1));
    }
    return add(t, t->at++, 1);
}

/* Kinds of groups that mean the same in both languages. */
static gpt_status translate_group(translation *t)
{
    static const char *const kinds[] = {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    if (t->any_case)
        return refuse(t, "a group in (?i:");
    t->any_case = strncmp(t->at, "(?i:", 4) == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(t->at, kinds[i], length) == 0) {
            t->at += length;
            return add(t, kinds[i], length);
        }
    }
    if (t->at[1] == '?' || t->at[1] == '*')
        return refuse(t, "a group of another kind than (?: (?i: (?= (?! (?<= (?<! (?>");
    return add(t, t->at++, 1);
}

/* A character that means the same in both languages, but for what is around it. */
static gpt_status translate_other(translation *t)
{
    GPT__TRY(check_any_case(t));
    GPT__TRY(check_ligatures(t));
    GPT__TRY(check_braces(t));
    if (*t->at == ')')
        t->any_case = 0;
    return add(t, t->at++, 1);
}

static gpt_status translate(translation *t)
{
    while (*t->at != '\0') {
        if (*t->at == '\\')
            GPT__TRY(translate_escape(t, 0));
        else if (*t->at == '[')
            GPT__TRY(translate_class(t));
        else if (*t->at == '(')
            GPT__TRY(translate_group(t));
        else if (*t->at == '^' || *t->at == '$')
            return refuse(t, "an anchor");
        else
            GPT__TRY(translate_other(t));
    }
    return GPT_OK;
}

/*
 * Compiling.
 */

static void *allocate(size_t size, void *user)
{
    (void)user;
    return gpt__allocate(size, 1);
}

static void release(void *memory, void *user)
{
    (void)user;
    gpt__release(memory);
}

/* In PCRE2's words. */
static gpt_status refuse_error(const translation *t, int error)
{
    char what[128] = "an error: ";
    pcre2_get_error_message(error, (PCRE2_UCHAR *)what + strlen(what), sizeof what - strlen(what));
    return refuse(t, what);
}

static gpt_status compile(gpt__pattern_code *p, const translation *t)
{
    int error;
    PCRE2_SIZE offset;
    p->memory = pcre2_general_context_create(allocate, release, NULL);
    pcre2_compile_context *context = p->memory != NULL ? pcre2_compile_context_create(p->memory) : NULL;
    p->limits = p->memory != NULL ? pcre2_match_context_create(p->memory) : NULL;
    if (context == NULL || p->limits == NULL) {
        pcre2_compile_context_free(context);
        return GPT_E_MEMORY;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(p->limits, FREE_STEPS);
    p->code = pcre2_compile((PCRE2_SPTR)t->out.bytes, t->out.length,
                            PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_USE_OFFSET_LIMIT, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (p->code == NULL)
        return error == PCRE2_ERROR_HEAP_FAILED ? GPT_E_MEMORY : refuse_error(t, error);
    uint32_t matches_nothing = 0;
    pcre2_pattern_info(p->code, PCRE2_INFO_MATCHEMPTY, &matches_nothing);
    if (matches_nothing)
        return refuse(t, "matches of no characters");
    /* Where there is no compiler for this processor, PCRE2 interprets. */
    pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
    return GPT_OK;
}

gpt_status gpt__pattern_new(gpt__pattern_code **out, const gpt__unicode *unicode, const char *regex, const char *path)
{
    translation t = {.unicode = unicode, .path = path, .regex = regex, .at = regex};
    gpt__pattern_code *pattern = gpt__allocate_zeroed(1, sizeof *pattern);
    gpt_status status = pattern != NULL ? translate(&t) : GPT_E_MEMORY;
    if (status == GPT_OK)
        status = gpt__buffer_add(&t.out, "", 0);
    if (status == GPT_OK)
        status = compile(pattern, &t);
    gpt__buffer_release(&t.out);
    gpt__buffer_release(&t.ranges);
    gpt__release(t.known);
    if (status != GPT_OK) {
        gpt__pattern_free(pattern);
        return status;
    }
    *out = pattern;
    return GPT_OK;
}

void gpt__pattern_free(gpt__pattern_code *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->limits);
    pcre2_general_context_free(pattern->memory);
    gpt__release(pattern);
}

/*
 * Matching. The places of a text where PCRE2 would give up are matched again with a higher limit, all at the expense
 * of one number of steps for the whole text. So a long run is matched to its end, and yet no text takes for ever.
 */

/* A text on its way. */
typedef struct search {
    const gpt__pattern_code *pattern;
    const char *text;
    size_t length;
    pcre2_match_data *data;
    pcre2_match_context *limits; /* of this text; NULL as long as the pattern's are enough */
    pcre2_jit_stack *stack;      /* NULL as long as PCRE2's own is enough */
    uint64_t steps;              /* that are left; PCRE2 counts in 32 bits */
} search;

static int make_limits(search *s)
{
    if (s->limits == NULL)
        s->limits = pcre2_match_context_copy(s->pattern->limits);
    return s->limits != NULL;
}

static int make_stack(search *s)
{
    size_t most = s->length < (SIZE_MAX - STACK_BYTES) / STACK_PER_BYTE ? s->length * STACK_PER_BYTE : 0;
    if (!make_limits(s))
        return 0;
    s->stack = pcre2_jit_stack_create(STACK_BYTES, STACK_BYTES + most, s->pattern->memory);
    if (s->stack != NULL)
        pcre2_jit_stack_assign(s->limits, NULL, s->stack);
    return s->stack != NULL;
}

/* As pcre2_match, from a place on. */
static int match(search *s, size_t at)
{
    for (;;) {
        int found = pcre2_match(s->pattern->code, (PCRE2_SPTR)s->text, s->length, at,
                                PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, s->data,
                                s->limits != NULL ? s->limits : s->pattern->limits);
        if (found != PCRE2_ERROR_JIT_STACKLIMIT || s->stack != NULL)
            return found;
        if (!make_stack(s))
            return PCRE2_ERROR_NOMEMORY;
    }
}

/* A match that begins at that place, with more and more steps, each time four times as many. */
static int match_at(search *s, size_t at)
{
    int found = PCRE2_ERROR_MATCHLIMIT;
    pcre2_set_offset_limit(s->limits, at);
    for (uint64_t limit = FREE_STEPS; found == PCRE2_ERROR_MATCHLIMIT && limit <= s->steps; limit *= 4) {
        pcre2_set_match_limit(s->limits, (uint32_t)limit);
        found = match(s, at);
        if (found == PCRE2_ERROR_MATCHLIMIT)
            s->steps -= limit;
    }
    return found;
}

/* The first match at or behind a place, one place after the other, where PCRE2 gave up. */
static int match_slowly(search *s, size_t at)
{
    int found = PCRE2_ERROR_NOMATCH;
    if (!make_limits(s))
        return PCRE2_ERROR_NOMEMORY;
    while (at < s->length && found == PCRE2_ERROR_NOMATCH) {
        size_t step;
        found = match_at(s, at);
        gpt__valid_char(s->text + at, &step);
        at += step;
    }
    pcre2_set_offset_limit(s->limits, PCRE2_UNSET);
    pcre2_set_match_limit(s->limits, FREE_STEPS);
    return found;
}

static gpt_status fail_match(int error)
{
    if (error == PCRE2_ERROR_HEAPLIMIT || error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_JIT_STACKLIMIT)
        return gpt__fail(GPT_E_MEMORY, "out of memory: a split pattern needs too much of it");
    return gpt__fail(GPT_E_UNSUPPORTED, "a split pattern takes too long for this text (PCRE2 error %d)", error);
}

static gpt_status add_segment(gpt__segments *out, size_t begin, size_t end, int is_match)
{
    if (begin == end)
        return GPT_OK;
    GPT__TRY(gpt__reserve((void **)&out->at, &out->capacity, out->count + 1, sizeof *out->at));
    out->at[out->count++] = (gpt__segment){begin, end, is_match};
    return GPT_OK;
}

static gpt_status find_all(gpt__segments *out, search *s)
{
    size_t at = 0;
    while (at < s->length) {
        int found = match(s, at);
        if (found == PCRE2_ERROR_MATCHLIMIT)
            found = match_slowly(s, at);
        if (found == PCRE2_ERROR_NOMATCH)
            break;
        if (found < 0)
            return fail_match(found);
        const PCRE2_SIZE *place = pcre2_get_ovector_pointer(s->data);
        GPT__TRY(add_segment(out, at, place[0], 0));
        GPT__TRY(add_segment(out, place[0], place[1], 1));
        at = place[1];
    }
    return add_segment(out, at, s->length, 0);
}

gpt_status gpt__pattern_segments(gpt__segments *out, const gpt__pattern_code *pattern, const char *text, size_t length)
{
    search s = {.pattern = pattern, .text = text, .length = length, .steps = UINT32_MAX};
    if (length < (UINT32_MAX - LEAST_STEPS) / STEPS_PER_BYTE)
        s.steps = LEAST_STEPS + (uint64_t)length * STEPS_PER_BYTE;
    s.data = pcre2_match_data_create(1, pattern->memory);
    if (s.data == NULL)
        return GPT_E_MEMORY;
    gpt_status status = find_all(out, &s);
    pcre2_match_data_free(s.data);
    pcre2_match_context_free(s.limits);
    pcre2_jit_stack_free(s.stack);
    return status;
}
