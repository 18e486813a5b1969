// Tests that change the process they run in: each body gets a process of its own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "sys/files.h"
#include "sys/result.h"
#include "sys/unique_fd.h"
#include "tests/support/catch.h"

namespace myrt::test {

// What a body returns when it found nothing wrong.
inline const std::string kFine = "fine";

// Runs `body` in a forked child and returns what it returned; anything but kFine is the failure in
// words. A child that dies says so.
inline std::string in_child(const std::function<std::string()>& body) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return "pipe2";
  sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return "fork";
  if (pid == 0) {
    const std::string words = body();
    ignore(sys::write_all(writer.get(), words, "pipe"), "the parent sees that it is empty");
    ::_exit(0);
  }
  writer.reset();
  const Result<std::string> words = sys::read_all(reader.get(), "pipe");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "the child died";
  return words.ok() ? *words : words.error().message;
}

inline void expect_fine(const std::function<std::string()>& body) {
  const std::string found = in_child(body);
  CHECK(found == kFine);
}

}  // namespace myrt::test

// Inside a body: leaves it with the failure in words.
#define FAIL_UNLESS(...)                                                          \
  do {                                                                            \
    if (!(__VA_ARGS__))                                                           \
      return std::string("line ") + std::to_string(__LINE__) + ": " #__VA_ARGS__; \
  } while (false)
#define FAIL_UNLESS_OK(...)                                                                    \
  do {                                                                                         \
    const auto& outcome = (__VA_ARGS__);                                                       \
    if (!outcome.ok()) {                                                                       \
      return std::string("line ") + std::to_string(__LINE__) + ": " + outcome.error().message; \
    }                                                                                          \
  } while (false)

// First line of a test that only root can run.
#define NEEDS_ROOT()                                \
  if (::geteuid() != 0) {                           \
    WARN("skipped: needs root to make namespaces"); \
    return;                                         \
  }                                                 \
  static_assert(true)
