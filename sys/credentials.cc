#include "sys/credentials.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/weakness.h"

namespace myrt::sys {
namespace {

// prctl(2) rejects garbage in the unused arguments of some options.
Result<> set_process_switch(int option, unsigned long value, std::string_view name) {
  if (::prctl(option, value, 0UL, 0UL, 0UL) == 0) return {};
  const int error = errno;
  return errno_error("prctl", fmt::format("prctl `{}` to `{}`", name, value), error);
}

}  // namespace

// The raw syscalls: glibc's wrappers signal every thread of the process, and there is only one.
Result<> set_resgid(gid_t gid) {
  if (::syscall(SYS_setresgid, gid, gid, gid) == 0) return {};
  const int error = errno;
  return errno_error("setresgid", fmt::format("set gid to `{}`", gid), error);
}

Result<> set_resuid(uid_t uid) {
  if (::syscall(SYS_setresuid, uid, uid, uid) == 0) return {};
  const int error = errno;
  return errno_error("setresuid", fmt::format("set uid to `{}`", uid), error);
}

Result<> set_groups(std::span<const gid_t> groups) {
  if (::syscall(SYS_setgroups, groups.size(), groups.data()) == 0) return {};
  const int error = errno;
  return errno_error(
      "setgroups", fmt::format("set supplementary groups to `{}`", fmt::join(groups, ",")), error);
}

Result<> set_no_new_privileges() {
  return set_process_switch(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS");
}

Result<> set_keep_capabilities(bool keep) {
  return set_process_switch(PR_SET_KEEPCAPS, keep ? 1 : 0, "PR_SET_KEEPCAPS");
}

Result<> set_not_dumpable() {
  if (weakened("without-undumpable")) return {};
  return set_process_switch(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE");
}

Result<> set_child_subreaper(bool on) {
  return set_process_switch(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, "PR_SET_CHILD_SUBREAPER");
}

}  // namespace myrt::sys
