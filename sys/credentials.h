// User ids, groups and the per-process security switches of prctl(2).
#pragma once

#include <sys/types.h>

#include <span>

#include "sys/result.h"

namespace myrt::sys {

// Real, effective and saved at once, through the raw syscalls (this process is single-threaded).
// Errors: system.
Result<> set_resgid(gid_t gid);
Result<> set_resuid(uid_t uid);
Result<> set_groups(std::span<const gid_t> groups);

Result<> set_no_new_privileges();
// PR_SET_KEEPCAPS: permitted capabilities survive set_resuid.
Result<> set_keep_capabilities(bool keep);
// PR_SET_DUMPABLE 0: other processes of the container cannot open our /proc/PID/{exe,fd,mem}
// (CVE-2016-9962, CVE-2019-5736).
Result<> set_not_dumpable();
Result<> set_child_subreaper(bool on);

}  // namespace myrt::sys
