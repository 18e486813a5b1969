#include "shim/pump.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/fifo_end.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using namespace myrt;
using namespace myrt::shim;

namespace {

constexpr std::chrono::seconds kPatience(30);

Loop open_loop() {
  auto loop = Loop::open();
  REQUIRE(loop.ok());
  return std::move(loop).value();
}

struct Pipe {
  sys::UniqueFd from, to;
};
Pipe make_pipe() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  return {sys::UniqueFd(ends[0]), sys::UniqueFd(ends[1])};
}

sys::UniqueFd open_file(const std::string& path, int flags) {
  auto fd = sys::open(path, flags, 0600);
  REQUIRE(fd.ok());
  return std::move(fd).value();
}

std::string read_some(int fd) {
  std::string bytes(4096, '\0');
  const ssize_t size = ::read(fd, bytes.data(), bytes.size());
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

}  // namespace

TEST_CASE("a pump moves all that comes, to a pipe and to a file that is appended to", "[shim]") {
  const test::TempDir directory;
  directory.write("log", "before ");
  for (const bool is_file : {false, true}) {
    Loop loop = open_loop();
    Pipe source = make_pipe(), sink = make_pipe();
    sys::UniqueFd to =
        is_file ? open_file(directory / "log", O_WRONLY | O_APPEND) : std::move(sink.to);
    bool given_back = false;
    const auto ended = [&](sys::UniqueFd fd) {
      given_back = fd.valid();
      loop.stop();
    };
    Pump pump(loop, std::move(source.from), std::move(to), ended);
    pump.start();
    REQUIRE(::write(source.to.get(), "text", 4) == 4);
    source.to.reset();
    loop.after(kPatience, [&] { loop.stop(); });
    REQUIRE(loop.run().ok());
    CHECK(pump.ended());
    CHECK(given_back);
    CHECK((is_file ? directory.read("log") : read_some(sink.from.get())) ==
          (is_file ? "before text" : "text"));
  }
}

TEST_CASE("a pump waits for a reader of what it has", "[shim]") {
  Loop loop = open_loop();
  Pipe source = make_pipe(), sink = make_pipe();
  const std::string much(1U << 20U, 'x');
  std::size_t written = 0, seen = 0;
  Pump pump(loop, std::move(source.from), std::move(sink.to), [&](sys::UniqueFd) { loop.stop(); });
  const std::function<void()> feed_and_drain = [&] {
    const ssize_t size = ::write(source.to.get(), much.data() + written, much.size() - written);
    if (size > 0) written += static_cast<std::size_t>(size);
    if (written == much.size()) source.to.reset();
    seen += read_some(sink.from.get()).size();
    loop.after(std::chrono::milliseconds(0), feed_and_drain);
  };
  pump.start();
  feed_and_drain();
  loop.after(kPatience, [&] { loop.stop(); });
  REQUIRE(loop.run().ok());
  for (std::string rest = read_some(sink.from.get()); !rest.empty();
       rest = read_some(sink.from.get())) {
    seen += rest.size();
  }
  CHECK(seen == much.size());
}

TEST_CASE("what is in a fifo stays until its client has come", "[shim]") {
  const test::TempDir directory;
  const std::string path = directory / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  Loop loop = open_loop();
  sys::UniqueFd keeper = open_file(path, O_RDONLY | O_NONBLOCK);
  sys::UniqueFd writer = open_file(path, O_WRONLY | O_NONBLOCK);
  REQUIRE(::write(writer.get(), "text", 4) == 4);
  keeper.reset();
  const int number = writer.get();
  close_after_reader_came(loop, std::move(writer));
  CHECK(::fcntl(number, F_GETFD) >= 0);
  sys::UniqueFd client;
  std::string got;
  loop.after(std::chrono::milliseconds(20),
             [&] { client = open_file(path, O_RDONLY | O_NONBLOCK); });
  const std::function<void()> until_closed = [&] {
    if (client.valid() && ::fcntl(number, F_GETFD) < 0) return loop.stop();
    loop.after(std::chrono::milliseconds(1), until_closed);
  };
  until_closed();
  loop.after(kPatience, [&] { loop.stop(); });
  REQUIRE(loop.run().ok());
  CHECK(::fcntl(number, F_GETFD) < 0);
  CHECK(read_some(client.get()) == "text");

  // Nothing in it, and nobody there: nothing to wait for.
  keeper = open_file(path, O_RDONLY | O_NONBLOCK);
  writer = open_file(path, O_WRONLY | O_NONBLOCK);
  keeper.reset();
  const int empty = writer.get();
  close_after_reader_came(loop, std::move(writer));
  CHECK(::fcntl(empty, F_GETFD) < 0);
}
