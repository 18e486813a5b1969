#include "shim/job.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "protobuf/wire.h"
#include "sys/files.h"
#include "sys/process.h"

namespace myrt::shim {
namespace {

// Less than a pipe holds, so that the child never waits for us.
constexpr std::size_t kMaxResult = 60U << 10U;

enum ErrorField : unsigned {
  kValue = 1,
  kMessage = 2,
  kCode = 3,
  kPhase = 4,
  kErrno = 5,
  kSyscall = 6,
  kPointer = 7,
};

std::string bounded(const std::string& text) { return text.substr(0, kMaxResult); }

}  // namespace

std::string encode_result(const Result<std::string>& result) {
  protobuf::MessageWriter writer;
  if (result.ok()) {
    writer.bytes(kValue, bounded(result.value()));
    return writer.take();
  }
  const Error& error = result.error();
  writer.bytes(kMessage, bounded(error.message));
  writer.number(kCode, static_cast<std::int64_t>(error.code));
  writer.number(kPhase, static_cast<std::int64_t>(error.phase));
  writer.number(kErrno, error.errno_value);
  writer.bytes(kSyscall, error.syscall);
  writer.bytes(kPointer, error.pointer);
  return writer.take();
}

std::optional<Result<std::string>> decode_result(std::string_view bytes) {
  const auto fields = protobuf::read_fields(bytes);
  if (!fields || fields->empty()) return std::nullopt;
  if (fields->front().number == kValue)
    return Result<std::string>(std::string(fields->front().bytes));
  Error error;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kMessage) error.message = field.bytes;
    if (field.number == kCode) error.code = static_cast<ErrorCode>(field.value);
    if (field.number == kPhase) error.phase = static_cast<Phase>(field.value);
    if (field.number == kErrno) error.errno_value = static_cast<int>(field.value);
    if (field.number == kSyscall) error.syscall = field.bytes;
    if (field.number == kPointer) error.pointer = field.bytes;
  }
  return Result<std::string>(std::move(error));
}

namespace {

// A job does not outlive its shim, whose `delete` removes what it has made so far: what it would go
// on to make then, nobody would know of.
void end_with(pid_t shim) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != shim) ::_exit(1);
}

}  // namespace

Result<> run_job(Reaper& reaper, const std::function<Result<std::string>()>& work,
                 std::function<void(Result<std::string>)> done) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "start a job");
  sys::UniqueFd from(ends[0]), to(ends[1]);
  const pid_t shim = ::getpid();
  auto child = TRY(sys::clone3({}));
  if (!child) {
    end_with(shim);
    from.reset();
    const std::string bytes = encode_result(work());
    const bool told = sys::write_all(to.get(), bytes, "result").ok();
    ::_exit(told ? 0 : 1);
  }
  const auto ended = [result = std::make_shared<sys::UniqueFd>(std::move(from)),
                      done = std::move(done)](const sys::ExitStatus& status, Time) {
    // All of it is in the pipe by now; others may still have its other end open.
    ::fcntl(result->get(), F_SETFL, O_NONBLOCK);
    std::string bytes(kMaxResult * 2, '\0');
    const ssize_t size = ::read(result->get(), bytes.data(), bytes.size());
    auto decoded = decode_result(
        std::string_view(bytes).substr(0, size > 0 ? static_cast<std::size_t>(size) : 0));
    if (decoded) return done(std::move(*decoded));
    done(make_error(ErrorCode::internal,
                    status.signaled ? "the runtime was killed by " + sys::signal_name(status.code)
                                    : std::string("the runtime ended without an answer")));
  };
  reaper.expect(child->release(), ended);
  return {};
}

}  // namespace myrt::shim
