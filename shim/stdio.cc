#include "shim/stdio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/fifo_end.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

constexpr std::string_view kFileScheme = "file://", kBinaryScheme = "binary://";
constexpr std::string_view kFifoScheme = "fifo://";
constexpr mode_t kLogMode = 0640;

struct Pipe {
  sys::UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "stdio");
  return Pipe{sys::UniqueFd(ends[0]), sys::UniqueFd(ends[1])};
}

void set_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

Result<sys::UniqueFd> duplicate(const sys::UniqueFd& fd) {
  sys::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return errno_error("fcntl", "stdio");
  return copy;
}

// Where output goes that is copied: a fifo or a file.
Result<Sink> open_sink(const std::string& uri) {
  if (uri.starts_with(kFileScheme)) {
    return Sink{
        TRY(sys::open(uri.substr(kFileScheme.size()), O_WRONLY | O_CREAT | O_APPEND, kLogMode)),
        {}};
  }
  const std::string path = uri.starts_with(kFifoScheme) ? uri.substr(kFifoScheme.size()) : uri;
  if (!path.starts_with('/')) {
    return make_error(ErrorCode::unsupported,
                      fmt::format("stdio `{}`: not a fifo, file:// or binary://", uri));
  }
  // In this order: opening for writing alone would fail while nobody reads.
  sys::UniqueFd reader = TRY(sys::open(path, O_RDONLY | O_NONBLOCK));
  return Sink{TRY(sys::open(path, O_WRONLY | O_NONBLOCK)), std::move(reader)};
}

// Never /dev/null, which is everybody's.
Result<> give_pipes(const std::array<sys::UniqueFd, 3>& ends, const StdioOwner& owner) {
  if (owner.uid == 0 && owner.gid == 0) return {};
  for (const sys::UniqueFd& end : ends) {
    if (!end.valid() || !S_ISFIFO(TRY(sys::stat_fd(end.get())).st_mode)) continue;
    if (::fchown(end.get(), owner.uid, owner.gid) != 0) return errno_error("fchown", "stdio");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Stdio>> Stdio::open(Loop& loop, const StdioPaths& paths,
                                           const LoggerContext& context, const StdioOwner& owner) {
  std::unique_ptr<Stdio> stdio(new Stdio(loop, paths.terminal));
  stdio->self_ = std::make_shared<Stdio*>(stdio.get());
  TRY(stdio->open_input(paths.in).context("stdin"));
  if (paths.out.starts_with(kBinaryScheme)) {
    TRY(stdio->open_logger(std::string_view(paths.out).substr(kBinaryScheme.size()), context));
  } else if (paths.terminal) {
    TRY(stdio->open_terminal_output(paths.out).context("stdout"));
  } else {
    TRY(stdio->open_output(paths.out, stdio->container_ends_[1]).context("stdout"));
    TRY(stdio->open_output(paths.err, stdio->container_ends_[2]).context("stderr"));
  }
  TRY(give_pipes(stdio->container_ends_, owner));
  return stdio;
}

Stdio::~Stdio() { *self_ = nullptr; }

Result<> Stdio::open_input(const std::string& path) {
  if (path.empty()) {
    if (!terminal_) container_ends_[0] = TRY(sys::open("/dev/null", O_RDONLY));
    return {};
  }
  sys::UniqueFd fifo = TRY(sys::open(path, O_RDONLY | O_NONBLOCK));
  stdin_writer_ = TRY(sys::open(path, O_WRONLY | O_NONBLOCK));
  if (terminal_) {
    terminal_input_ = std::move(fifo);
    return {};
  }
  Pipe pipe = TRY(make_pipe());
  set_non_blocking(pipe.write_end.get());
  container_ends_[0] = std::move(pipe.read_end);
  input_ = std::make_unique<Pump>(loop_, std::move(fifo), std::move(pipe.write_end),
                                  [](sys::UniqueFd) {});
  return {};
}

// One program reads both streams, without us in between; of a terminal it gets the one that there
// is.
Result<> Stdio::open_logger(std::string_view uri, const LoggerContext& context) {
  Pipe output = TRY(make_pipe());
  Pipe error_output = TRY(make_pipe());
  logger_.emplace(Logger{std::string(uri), context, std::move(output.read_end),
                         std::move(error_output.read_end)});
  if (terminal_) {
    set_non_blocking(output.write_end.get());
    terminal_output_.fd = std::move(output.write_end);
  } else {
    container_ends_[1] = std::move(output.write_end);
    container_ends_[2] = std::move(error_output.write_end);
  }
  return {};
}

Result<> Stdio::open_output(const std::string& uri, sys::UniqueFd& container_end) {
  if (uri.empty()) {
    container_end = TRY(sys::open("/dev/null", O_WRONLY));
    return {};
  }
  Pipe pipe = TRY(make_pipe());
  container_end = std::move(pipe.write_end);
  Sink sink = TRY(open_sink(uri));
  set_non_blocking(pipe.read_end.get());
  add_output(std::move(pipe.read_end), std::move(sink));
  return {};
}

Result<> Stdio::open_terminal_output(const std::string& uri) {
  if (uri.empty()) {
    terminal_output_.fd = TRY(sys::open("/dev/null", O_WRONLY));
    return {};
  }
  terminal_output_ = TRY(open_sink(uri));
  return {};
}

Result<> Stdio::start_logger() const {
  if (!logger_) return {};
  return shim::start_logger(logger_->uri, logger_->context, logger_->output.get(),
                            logger_->error_output.get());
}

Result<> Stdio::place_ends() const {
  for (int fd = 0; fd < 3; ++fd) {
    const sys::UniqueFd& end = container_ends_[static_cast<std::size_t>(fd)];
    if (end.valid() && ::dup2(end.get(), fd) < 0) return errno_error("dup2", "stdio");
  }
  return {};
}

Result<> Stdio::started(sys::UniqueFd terminal) {
  for (sys::UniqueFd& end : container_ends_) end.reset();
  logger_.reset();
  if (terminal_) {
    if (!terminal.valid()) return make_error(ErrorCode::protocol, "no terminal came from init");
    master_ = std::move(terminal);
    set_non_blocking(master_.get());
    add_output(TRY(duplicate(master_)), std::move(terminal_output_));
    if (terminal_input_.valid()) {
      input_ = std::make_unique<Pump>(loop_, std::move(terminal_input_), TRY(duplicate(master_)),
                                      [](sys::UniqueFd) {});
    }
  }
  if (input_) input_->start();
  for (const auto& output : outputs_) output->start();
  return {};
}

void Stdio::add_output(sys::UniqueFd from, Sink sink) {
  const auto ended =
      [self = std::weak_ptr<Stdio*>(self_), &loop = loop_,
       reader = std::make_shared<sys::UniqueFd>(std::move(sink.reader))](sys::UniqueFd to) {
        if (std::exchange(*reader, {}).valid()) close_after_reader_came(loop, std::move(to));
        if (const auto stdio = self.lock()) (*stdio)->output_ended();
      };
  outputs_.push_back(std::make_unique<Pump>(loop_, std::move(from), std::move(sink.fd), ended));
}

void Stdio::output_ended() {
  for (const auto& output : outputs_) {
    if (!output->ended()) return;
  }
  if (drained_) std::exchange(drained_, nullptr)();
}

Result<> Stdio::resize(std::uint32_t width, std::uint32_t height) const {
  if (!master_.valid()) return make_error(ErrorCode::wrong_status, "the process has no terminal");
  winsize size = {};
  size.ws_col = static_cast<unsigned short>(width);
  size.ws_row = static_cast<unsigned short>(height);
  if (::ioctl(master_.get(), TIOCSWINSZ, &size) != 0)
    return errno_error("ioctl", "resize the terminal");
  return {};
}

void Stdio::when_drained(std::chrono::milliseconds bound, std::function<void()> action) {
  drained_ = std::move(action);
  const auto call = [self = std::weak_ptr<Stdio*>(self_)] {
    const auto stdio = self.lock();
    if (stdio && (*stdio)->drained_) std::exchange((*stdio)->drained_, nullptr)();
  };
  loop_.after(bound, call);
  output_ended();  // perhaps nothing is left
}

}  // namespace myrt::shim
