// Names of sockets that nobody listens at any more. containerd calls `delete` for a shim that it
// has known; one that was killed before that, or the start command before it has made one, leaves
// its socket, which the next `delete` of any finds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myrt::shim {

// Of the sockets `names`, those that are not in `table` (the text of /proc/net/unix), whatever path
// they were bound by. Other files are no sockets of a shim: those have 64 hexadecimal digits. Pure.
std::vector<std::string> unbound(const std::vector<std::string>& names, std::string_view table);

// Unlinks `path` if it is a socket at which nobody listens. Others of the pod may be served there,
// and a new shim may have put its own there since we looked.
void remove_dead_socket(const std::string& path);
// ... and all such of the directory. None of the living is waked for it.
void remove_dead_sockets(const std::string& directory);

}  // namespace myrt::shim
