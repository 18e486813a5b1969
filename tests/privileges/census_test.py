"""Tests of census.py and traced_calls.py."""
import unittest

import census
import traced_calls

PROGRAM = "/usr/bin/myrt"
TRACE = f"""\
10    execve("{PROGRAM}", ["myrt", "run"], 0x7 /* 3 vars */) = 0
10    execveat(60, "", ["myrt", "run"], 0x7 /* 3 vars */, AT_EMPTY_PATH) = 0
10    brk(NULL) = 0x1
11    setsid() = 1
10    clone3({{flags=CLONE_NEWPID}} => {{pidfd=[4]}}, 88) = 11
10    waitid(P_PIDFD, 4,  <unfinished ...>
11    clone3({{flags=0}}, 88) = 2 /* 12 in strace's PID NS */
12    dup2(3, 0) = 0
12    execve("/bin/hook", ["hook"], 0x7 /* 0 vars */ <unfinished ...>
10    <... waitid resumed>{{}}, WEXITED) = 0
12    <... execve resumed>) = 0
12    ptrace(PTRACE_TRACEME) = 0
12    clone(child_stack=NULL) = 3 /* 13 in strace's PID NS */
13    reboot(0) = -1 EPERM (Operation not permitted)
11    execve("/bin/none", ["none"], 0x7 /* 0 vars */) = -1 ENOENT (No such file or directory)
11    sendmsg(5, {{}}, 0) = 1
11    execve("/bin/sh", ["sh"], 0x7 /* 0 vars */) = 0
11    swapon("/dev/sda", 0) = -1 EPERM (Operation not permitted)
99    acct(NULL) = -1 EPERM (Operation not permitted)
"""


class OwnCalls(unittest.TestCase):
    def test_are_those_before_something_else_is_executed(self):
        self.assertEqual(traced_calls.own_calls(TRACE.splitlines(), PROGRAM),
                         {"execve", "execveat", "brk", "clone3", "setsid", "waitid", "dup2", "sendmsg"})


class Differences(unittest.TestCase):
    def test_a_call_that_is_not_listed(self):
        self.assertEqual(len(list(census.differences({"read": {"every"}}, set(), {"read": {"run"}, "ptrace": {"run"}}))), 1)

    def test_a_call_of_another_command(self):
        found = list(census.differences({"mount": {"run", "create"}}, set(), {"mount": {"run", "state"}}))
        self.assertEqual([line.split(":")[0] for line in found], ["state"])

    def test_a_call_that_is_made_no_more(self):
        self.assertIn("mount", "".join(census.differences({"mount": {"run"}}, set(), {})))
        self.assertEqual(list(census.differences({"mount": {"run"}}, {"mount"}, {})), [])

    def test_the_list_for_another_architecture_has_the_newer_names(self):
        calls, _ = census.listed("1", "aarch64")
        self.assertIn("mkdirat", calls)
        self.assertFalse({"mkdir", "arch_prctl", "bpf"} & set(calls))


if __name__ == "__main__":
    unittest.main()
