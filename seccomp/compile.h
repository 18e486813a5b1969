// linux.seccomp -> a classic BPF program for seccomp(2). Runs in the runtime process.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::seccomp {

// A filter that is ready to load. Plain data: it crosses clone3 as it is.
struct Program {
  std::vector<sock_filter> instructions;
  unsigned flags = 0;     // SECCOMP_FILTER_FLAG_*; with NEW_LISTENER when `notifies`
  bool notifies = false;  // some rule has SCMP_ACT_NOTIFY: load() returns the listener fd
  std::uint32_t default_action = 0;  // SECCOMP_RET_* with its data
};

// Every rule of SEC-02 to SEC-16, SEC-18 and NTF-02. Beyond the text of the spec, as the peers do:
// unknown system call names are skipped (SEC-10), conditions that use one argument twice become
// rules of their own (SEC-14), entries with the default action are skipped (SEC-16), and with an
// ERRNO default a system call newer than all that the profile names gets ENOSYS, so that a libc can
// fall back (SEC-18). A profile that notifies must allow sendmsg, with which init hands the
// listener over. Errors: invalid_config with a pointer below /linux/seccomp; unsupported for an
// architecture that this libseccomp does not know.
Result<Program> compile(const oci::Seccomp& seccomp);

// "instructions: 123\nflags: ...\nnotifies: no\ndefault: errno 1\n"; stable, for plans.
std::string to_string(const Program& program);

}  // namespace myrt::seccomp
