// The user of the container process: ids, HOME and the owner of its stdio.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::init {

// HOME of `uid` in the container's /etc/passwd, read below `root_fd` ("/" after pivot_root); "/"
// when there is no such file or entry, as the peers do (PRC-07). Never follows the image out of the
// root and never blocks on what it put there. Errors: system.
Result<std::string> home_directory(int root_fd, uid_t uid);
// As above, from the file's text; std::string() when there is no entry.
std::string home_from_passwd(std::string_view text, uid_t uid);

// setgroups(2) in the process's user namespace: /proc/self/setgroups. `keep`: not to be called, as
// run.oci.keep_original_groups has it, and additionalGids do not count.
enum class Setgroups : std::uint8_t { allowed, cleared, denied, keep };

// In init: groups, gid, uid, in this order, real, effective and saved (USR-01, USR-03).
// Capabilities survive a change away from uid 0 only under sys::set_keep_capabilities(true), which
// is the caller's to set. Errors: invalid_config at /process/user/additionalGids when groups are
// asked for where setgroups is denied (USR-04); at /process/user/{uid,gid} when an id is not
// mapped; system.
Result<> set_user(const oci::User& user, Setgroups setgroups);

// In init, before set_user: gives fds 0, 1 and 2 to `uid` so that the program can reopen
// /proc/self/fd/N. Pipes, sockets and regular files only: a terminal has its own owner rules, and
// no device of the host, /dev/null first of all, may change hands (USR-05). EPERM, EROFS and EINVAL
// are ignored: the fd itself stays usable. Errors: system.
Result<> chown_stdio(uid_t uid);

}  // namespace myrt::init
