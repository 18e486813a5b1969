#!/usr/bin/env python3
"""Every command and option has a test of its effect: check_options.py RUNTIME [TESTS [TABLE]]

Walks `RUNTIME --help` and `RUNTIME COMMAND --help` and looks each command and option up in the table
options.txt, whose lines are `COMMAND [--OPTION] | FILE | TEST` (`global` stands for the options
before the command). The test has to exist in that file, to name the command and the option, and to
expect something. What the help calls `not supported yet` needs no line: it is given to the runtime
here, which has to refuse it by name. Lines for what does not exist are findings, too.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

REFUSED = "(not supported yet)"
# What a test may say instead of a command's name: the words of tests/integration/lib.sh.
WORDS = {
    "global": r"runtime|RUNTIME",
    "run": r"run|run_ok|run_detached",
}
EXPECTATIONS = (
    r"\b(same|contains|matches|lacks|differs|fail|is_status|is_like|wait_until|refused|must|expect_\w+)\b|"
    r"\b(CHECK|REQUIRE|CHECK_FALSE|REQUIRE_FALSE)\("
)


class Option:
    def __init__(self, name, short, takes_value, refused):
        self.name, self.short, self.takes_value, self.refused = name, short, takes_value, refused


def run(runtime, *arguments):
    with tempfile.TemporaryDirectory() as root:
        return subprocess.run([runtime, "--root", root, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)


def section(text, title):
    """The lines below a title, up to the next empty line."""
    lines = text.split("\n")
    if title + ":" not in lines:
        return []
    begin = lines.index(title + ":") + 1
    end = lines.index("", begin)
    return [line.strip() for line in lines[begin:end]]


def options_of(text, title):
    options = []
    for line in section(text, title):
        syntax, _, help_text = line.partition("  ")
        match = re.fullmatch(r"--([a-z0-9-]+)( [^,]+)?(?:, -(.)(?: .+)?)?", syntax)
        if match is None:
            raise ValueError(f"an option line that cannot be read: {line}")
        options.append(Option(match[1], match[3], match[2] is not None,
                              help_text.rstrip().endswith(REFUSED)))
    return options


def walk(runtime):
    """({command: refused}, {command: [Option]}) as the help texts say, `global` among them."""
    text = run(runtime, "--help").stdout
    commands = {"global": False}
    options = {"global": options_of(text, "GLOBAL OPTIONS")}
    for line in section(text, "COMMANDS"):
        name, _, summary = line.partition(" ")
        answer = run(runtime, name, "--help")
        if answer.returncode != 0:
            raise ValueError(f"{name} --help ends with {answer.returncode}")
        commands[name] = summary.rstrip().endswith(REFUSED)
        options[name] = options_of(answer.stdout, "OPTIONS")
    return commands, options


def read_table(path):
    """[(line number, subject, file, test)]"""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 3:
            raise ValueError(f"{path.name}:{number}: expected `COMMAND [--OPTION] | FILE | TEST`")
        rows.append((number, *fields))
    return rows


def without_ids(name):
    """The IDs of requirements come and go: "kill --all [OPS-14]" is "kill --all"."""
    return re.sub(r"\s*\[[A-Z][^\]]*\]$", "", name)


def shell_functions(text):
    """{name: body}. A brace in a here-document ends nothing."""
    functions, name, end_of_document = {}, None, None
    for line in text.split("\n"):
        if end_of_document is not None:
            if line.strip() == end_of_document:
                end_of_document = None
        elif name is None:
            begin = re.match(r"(\w+)\(\) \{(.*?)(\})?$", line)
            if begin is None:
                continue
            functions[begin[1]] = begin[2] + "\n"
            name = None if begin[3] else begin[1]
            continue
        elif line == "}":
            name = None
            continue
        elif document := re.search(r"<<-?'?(\w+)'?", line):
            end_of_document = document[1]
        if name is not None:
            functions[name] += line + "\n"
    return functions


def shell_test(text, name):
    """The body of the function that `it 'NAME' function` runs, and of the functions it calls."""
    entries = re.findall(r"^it (?:'((?:[^']|'\\'')*)'|\"([^\"]*)\") (\w+)$", text, re.M)
    function = {without_ids(single.replace("'\\''", "'") or double): word
                for single, double, word in entries}.get(name)
    if function is None:
        return None
    functions = shell_functions(text)
    body = functions.get(function, "")
    called = [functions[word] for word in set(re.findall(r"\w+", body)) & functions.keys()]
    return "\n".join([body, *called])


def catch_test(text, name):
    pieces = re.split(r"^TEST_CASE\(", text, flags=re.M)
    for piece in pieces[1:]:
        # Long names are written as several adjacent literals.
        literal = re.match(r'(?:\s*"((?:[^"\\]|\\.)*)")+', piece)
        joined = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal[0])) if literal else ""
        if joined == name:
            return piece
    return None


def find_test(tests, file, name):
    path = tests / file
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return catch_test(text, name) if path.suffix == ".cc" else shell_test(text, name)


def option_pattern(option):
    names = [r"--?" + re.escape(option.name)]
    if option.short:
        names.append("-" + re.escape(option.short))
    return r"(?<![\w-])(?:%s)(?![\w-])" % "|".join(names)


def check_row(tests, subject, file, test, option):
    body = find_test(tests, file, test)
    if body is None:
        return f"there is no test '{test}' in {file}"
    command = subject.split()[0]
    word = WORDS.get(command, re.escape(command))
    if not re.search(r"(?<![\w-])(?:%s)(?![\w-])" % word, body):
        return f"the test '{test}' does not run `{command}`"
    if option is not None and not re.search(option_pattern(option), body):
        return f"the test '{test}' does not use --{option.name}"
    if not re.search(EXPECTATIONS, body):
        return f"the test '{test}' expects nothing"
    return None


def check_refusal(runtime, command, option):
    arguments = [command]
    if option is not None:
        arguments += [f"--{option.name}"] + (["1"] if option.takes_value else [])
    answer = run(runtime, *arguments, "some-id")
    name = command if option is None else f"--{option.name}"
    if answer.returncode == 1 and "not supported" in answer.stderr:
        return None
    return f"{name} is called {REFUSED} and not refused: {answer.returncode}: {answer.stderr.strip()}"


def check(runtime, tests, table):
    """The findings, as printable lines."""
    commands, options = walk(runtime)
    rows = read_table(table)
    findings = []
    tested = {}
    for number, subject, file, test in rows:
        if subject in tested:
            findings.append(f"{table.name}:{number}: a second line for `{subject}`")
        tested[subject] = (number, file, test)
    known = {}
    for command, refused in commands.items():
        if command != "global":
            known[command] = None
        if refused:
            findings += filter(None, [check_refusal(runtime, command, None)])
        for option in options[command]:
            if option.name == "help" and command != "global":
                continue  # asked for by this walk already
            known[f"{command} --{option.name}"] = option
            option.refused = option.refused or refused
            if option.refused:
                findings += filter(None, [check_refusal(runtime, command, option)])
    for subject, option in known.items():
        command = subject.split()[0]
        is_refused = commands[command] or (option is not None and option.refused)
        if subject not in tested:
            if not is_refused:
                findings.append(f"{table.name}: `{subject}` has no test of its effect")
            continue
        number, file, test = tested[subject]
        if is_refused:
            findings.append(f"{table.name}:{number}: `{subject}` is refused, so that it can have no test")
            continue
        problem = check_row(tests, subject, file, test, option)
        if problem is not None:
            findings.append(f"{table.name}:{number}: `{subject}`: {problem}")
    for subject in tested.keys() - known.keys():
        findings.append(f"{table.name}:{tested[subject][0]}: there is no `{subject}`")
    return findings, len(known)


def main(arguments):
    here = pathlib.Path(__file__).resolve().parent
    if not arguments:
        print(__doc__)
        return 2
    tests = pathlib.Path(arguments[1]) if len(arguments) > 1 else here.parent
    table = pathlib.Path(arguments[2]) if len(arguments) > 2 else here / "options.txt"
    findings, count = check(arguments[0], tests, table)
    for finding in findings:
        print(finding)
    print(f"{count} commands and options, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
