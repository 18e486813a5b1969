// What the kernel would see in an executable file: its interpreter, or why it cannot run it.
#pragma once

#include <string>

namespace myrt::init {

struct ExecutableFile {
  std::string interpreter;  // of a "#!" line or an ELF PT_INTERP; empty when there is none
  std::string format;  // why this host cannot execute it: "an ELF file for aarch64"; else empty
};

// In init, after execve has failed: reads the first page of `path` and at most one more piece of
// it. A file that cannot be read gives an empty result.
ExecutableFile read_executable_file(const std::string& path);

}  // namespace myrt::init
