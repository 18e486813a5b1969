// Where the fd of the sealed clone stands, for the code that runs before the C library does.
#pragma once

namespace myrt::init {

// The lowest number that the fd may get: above those that --preserve-fds and LISTEN_FDS are about,
// and within the table that every process has from the beginning.
inline constexpr int kLowestSealFd = 60;

}  // namespace myrt::init
