// Unix datagram sockets, as sd_notify(3) uses them.
#pragma once

#include <string>
#include <string_view>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// A non-blocking socket bound to the new name `name` in the directory `dirfd`, which everybody may
// send to (mode 0777). The name is the caller's to remove. Errors: system.
Result<UniqueFd> bind_datagram_at(int dirfd, const std::string& name);

// Sends one datagram to a path, or to the abstract name behind "@". Errors: system;
// invalid_argument for an address that does not fit.
Result<> send_datagram(const std::string& address, std::string_view bytes);

// The next datagram, cut after `limit_bytes`; "" when there is none.
Result<std::string> receive_datagram(int socket, std::size_t limit_bytes = 4096);

}  // namespace myrt::sys
