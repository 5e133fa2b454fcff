#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/man3.py: manual pages of section 3 from the comments of the public headers, one for each header, and for each
function and type a page that leads to it.

usage: man3.py DIRECTORY HEADER...

A comment that begins with two stars belongs to the declarations after it, up to an empty line.
"""
import os
import re
import sys


def comment_lines(comment):
    """The text of a comment, without stars and margins."""
    lines = [re.sub(r"^\s*\*? ?", "", line) if i else line.strip() for i, line in enumerate(comment.split("\n"))]
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def sentences(text):
    """Running text with each sentence on a line, as mdoc wants it."""
    return escape(re.sub(r"(?<=[.!?]) (?=[A-Z@\"])", "\n", " ".join(text.split())))


def escape(text):
    """Text as mdoc takes it."""
    text = text.replace("\\", "\\e")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def paragraphs(text):
    """(is_code, text) of each paragraph: code is what is indented by four."""
    for part in re.split(r"\n\s*\n", text):
        if not part.strip():
            continue
        yield all(line.startswith("    ") for line in part.split("\n")), part


def format_text(text):
    """Paragraphs, lists of parameters, and examples."""
    out = []
    for is_code, part in paragraphs(text):
        if is_code:
            code = "\n".join(line[4:] for line in part.split("\n"))
            out.append(".Bd -literal -offset indent\n%s\n.Ed" % escape(code))
            continue
        if part.lstrip().startswith("@param"):
            out.append(format_parameters(part))
            continue
        part = sentences(re.sub(r"^@return\s+", "Returns ", part))
        out.append(".Pp\n" + part if out else part)
    return "\n".join(out)


def format_parameters(part):
    items = re.findall(r"@param\s+(\S+)\s+(.*?)(?=\n@param|\n@return|\Z)", part, re.S)
    rows = [".It Fa %s\n%s" % (name, sentences(text)) for name, text in items]
    result = ".Bl -tag -width Ds\n%s\n.El" % "\n".join(rows)
    rest = re.search(r"\n(@return.*)", part, re.S)
    return result + ("\n" + format_text(rest.group(1)) if rest else "")


def split_arguments(text):
    depth, parts = 0, [""]
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [" ".join(part.split()) for part in parts]


class Function:
    """GPT_API TYPE NAME(ARGUMENTS);"""

    def __init__(self, declaration):
        plain = " ".join(re.sub(r"\bGPT_(API|MUST_CHECK)\b", "", declaration).split())
        self.type, self.name, arguments = re.match(r"(.*?)(\w+)\((.*)\)$", plain).groups()
        self.arguments = split_arguments(arguments)

    def synopsis(self):
        arguments = "\n".join('.Fa "%s"' % argument for argument in self.arguments)
        return '.Ft "%s"\n.Fo %s\n%s\n.Fc' % (self.type.strip(), self.name, arguments)


class Entry:
    """A comment, and what it is about: functions, or a type with its values."""

    def __init__(self, text):
        self.text = text
        self.functions = []
        self.types = []
        self.values = []

    def add(self, declaration):
        declaration = declaration.strip()
        if declaration.startswith("GPT_API"):
            self.functions.append(Function(declaration))
        elif declaration.startswith("typedef"):
            self.types.append(re.search(r"(\w+)(?:\)\(.*\))?$", re.sub(r"\{.*\}", "", declaration, flags=re.S)).group(1)
                              if "(*" not in declaration else re.search(r"\(\*(\w+)\)", declaration).group(1))

    def format(self):
        names = [function.name for function in self.functions] + self.types
        if not names:
            return ""
        out = [".Ss %s" % " , ".join(names), format_text(self.text)]
        if self.values:
            rows = [".It Dv %s\n%s" % (name, sentences(text)) for name, text in self.values]
            out.append(".Bl -tag -width Ds\n%s\n.El" % "\n".join(rows))
        return "\n".join(out)


def enum_values(body):
    """(NAME, comment) of the values of an enum."""
    return [(name, comment_lines(comment))
            for name, comment in re.findall(r"(\w+)\s*=\s*[^,/}]+,?\s*/\*\*<(.*?)\*/", body, re.S)]


def entries_of(source):
    """The entries of a header, and the comments that are about several of them."""
    pattern = re.compile(r"/\*\*(?!<)(?P<text>.*?)\*/\s*\n(?P<code>.*?)(?=\n\s*\n|\Z)", re.S)
    result = []
    for match in pattern.finditer(source):
        entry = Entry(comment_lines(match.group("text")))
        code = match.group("code")
        body = re.search(r"typedef enum \w+ \{(.*?)\}", code, re.S)
        if body:
            entry.values = enum_values(body.group(1))
        plain = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
        plain = re.sub(r"^#.*$", "", plain, flags=re.M)
        for declaration in re.split(r";(?![^{]*\})", plain):
            entry.add(declaration)
        result.append(entry)
    return [entry for entry in result if entry.functions or entry.types]


def page_of(header, date):
    """The name of a page, its text, and the functions and types in it."""
    with open(header, encoding="utf-8") as file:
        source = file.read()
    stem = os.path.basename(header)[:-2]
    introduction = comment_lines(re.search(r"/\*((?:(?!\*/).)*gpt/%s\.h:.*?)\*/" % stem, source, re.S).group(1))
    introduction = introduction.split(":", 1)[1].strip()
    summary = re.split(r"\.(?:\s|$)|, in the ", " ".join(introduction.split()))[0]
    entries = entries_of(source)
    functions = [function for entry in entries for function in entry.functions]
    page = "libgpt_" + stem
    names = " ,\n.Nm ".join(function.name for function in functions)
    text = "\n".join(
        ['.\\" Made by tools/man3.py from include/gpt/%s.h.' % stem, ".Dd " + date, ".Dt %s 3" % page.upper(), ".Os",
         ".Sh NAME", ".Nm " + names, ".Nd " + escape(summary), ".Sh LIBRARY", "libgpt (gpt.pc, \\-lgpt)",
         ".Sh SYNOPSIS", ".In gpt/%s.h" % stem] + [function.synopsis() for function in functions] +
        [".Sh DESCRIPTION", "What each function takes, gives and leaves to the caller."] +
        [entry.format() for entry in entries] +
        [".Sh ERRORS",
         "Functions that return a", ".Vt gpt_status", "return", ".Dv GPT_OK", ", or another number, and then",
         ".Fn gpt_error_message", "says what was wrong.",
         ".Sh SEE ALSO", ".Xr gpt-cli 1 ,"] +
        [".Xr libgpt_%s 3%s" % (other, end) for other, end in also(stem)])
    return page, re.sub(r"\n+", "\n", text) + "\n", [f.name for f in functions] + [t for e in entries for t in e.types]


PAGES = ["chat", "generator", "log", "model", "profile", "status", "tokenizer", "version"]


def also(stem):
    others = [page for page in PAGES if page != stem]
    return [(other, "" if other == others[-1] else " ,") for other in others]


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    # One date for all pages, so that a build gives the same twice.
    manual = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gpt-cli.1")
    with open(manual, encoding="utf-8") as file:
        date = re.search(r"^\.Dd (.*)$", file.read(), re.M).group(1)
    for header in sys.argv[2:]:
        page, text, names = page_of(header, date)
        with open(os.path.join(directory, page + ".3"), "w", encoding="utf-8") as file:
            file.write(text)
        for name in names:
            with open(os.path.join(directory, name + ".3"), "w", encoding="utf-8") as file:
                file.write(".so man3/%s.3\n" % page)


main()
