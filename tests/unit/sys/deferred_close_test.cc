#include "sys/deferred_close.h"

#include <fcntl.h>

#include <vector>

#include "tests/support/catch.h"

namespace myrt::sys {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

UniqueFd a_file() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

TEST_CASE("fds stay open until the object dies, and are closed with it", "[sys][fd]") {
  UniqueFd first = a_file();
  UniqueFd second = a_file();
  const std::vector<int> fds = {first.get(), second.get()};
  {
    DeferredClose closing;
    closing.add(std::move(first));
    closing.add(std::move(second));
    for (const int fd : fds) CHECK(is_open(fd));
  }

  for (const int fd : fds) CHECK_FALSE(is_open(fd));
}

TEST_CASE("an fd between two that are closed stays open", "[sys][fd]") {
  UniqueFd below = a_file();
  const UniqueFd kept = a_file();
  UniqueFd above = a_file();
  const int numbers[] = {below.get(), above.get()};
  {
    DeferredClose closing;
    closing.add(std::move(above));
    closing.add(std::move(below));
    closing.add(UniqueFd());
  }

  CHECK(is_open(kept.get()));
  for (const int fd : numbers) CHECK_FALSE(is_open(fd));
}

TEST_CASE("more fds than may gather are closed on the way", "[sys][fd]") {
  DeferredClose closing;
  const int first = [&] {
    UniqueFd fd = a_file();
    const int number = fd.get();
    closing.add(std::move(fd));
    return number;
  }();

  for (int i = 0; i < 64; ++i) closing.add(UniqueFd(::dup(STDERR_FILENO)));

  // Its number was given out again, or is free.
  CHECK(::fcntl(first, F_GETFL) != (O_RDONLY | O_LARGEFILE));
}

}  // namespace myrt::sys
