// Logging programs (binary:// URIs of containerd's stdio): they read a container's output
// themselves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

struct LoggerCommand {
  std::string path;
  std::vector<std::string> arguments;  // with the program's name first
};
// "PATH?KEY=VALUE&KEY": each key and each value is an argument, as containerd's own shim has it;
// percent-encoded. Pure.
LoggerCommand parse_logger(std::string_view uri);

struct LoggerContext {
  std::string id, name_space;
};

// Starts the program of `uri` (without its scheme) with `output` and `error_output` as fds 3 and 4,
// CONTAINER_ID and CONTAINER_NAMESPACE, and waits until it has written to fd 5 or closed it: it is
// ready. It ends with its input, as whoever's child it is by then. Blocks: in a job only. Errors:
// system; timeout after 10 s.
Result<> start_logger(std::string_view uri, const LoggerContext& context, int output,
                      int error_output);

}  // namespace myrt::shim
