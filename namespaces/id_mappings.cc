#include "namespaces/id_mappings.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <iterator>

#include "sys/files.h"
#include "sys/process.h"
#include "sys/weakness.h"

namespace myrt::namespaces {
namespace {

// One of the two maps of a user namespace.
struct MapKind {
  const char* file;     // below /proc/PID
  const char* program;  // for callers whom the kernel refuses
  const char* pointer;
};
constexpr MapKind kUidMap = {"uid_map", "/usr/bin/newuidmap", "/linux/uidMappings"};
constexpr MapKind kGidMap = {"gid_map", "/usr/bin/newgidmap", "/linux/gidMappings"};

// In the child: becomes the program. Returns only when that is impossible.
void execute(std::vector<char*>& arguments, int null_fd, int output_fd) {
  ignore(sys::reset_signals(), "the program does not depend on them");
  if (::dup2(null_fd, STDIN_FILENO) < 0 || ::dup2(null_fd, STDOUT_FILENO) < 0 ||
      ::dup2(output_fd, STDERR_FILENO) < 0) {
    return;
  }
  // Whatever our caller leaked to us is not for a privileged program.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  char* environment[] = {nullptr};
  ::execve(arguments[0], arguments.data(), environment);
  const std::string words = errno_text(errno);
  ignore(sys::write_all(STDERR_FILENO, words, "stderr"), "the exit code says enough");
}

std::string output_text(int output_fd) {
  constexpr std::size_t kOutputLimit = 1024;
  std::string text(kOutputLimit, '\0');
  const ssize_t size = ::pread(output_fd, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  for (char& letter : text) {
    if (letter == '\n') letter = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

Result<> run_map_program(const char* program, pid_t pid,
                         const std::vector<oci::IdMapping>& mappings) {
  std::vector<std::string> arguments = map_program_arguments(program, pid, mappings);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const sys::UniqueFd null = TRY(sys::open("/dev/null", O_RDWR));
  const sys::UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output.valid()) {
    const int error = errno;
    return errno_error("memfd_create", fmt::format("run `{}`", program), error);
  }

  std::optional<sys::ChildProcess> child = TRY(sys::clone3({}));
  if (!child) {
    execute(pointers, null.get(), output.get());
    ::_exit(127);
  }
  const sys::ExitStatus status = TRY(child->wait());
  if (!status.signaled && status.code == 0) return {};
  return make_error(ErrorCode::system,
                    fmt::format("run `{}`: {} {}: {}", program,
                                status.signaled ? "killed by signal" : "exit code", status.code,
                                output_text(output.get())));
}

// The kernel's refusal matters to a caller who could be helped by a privileged program.
bool is_refused(const Result<>& written) {
  return !written.ok() && written.error().errno_value == EPERM && ::geteuid() != 0;
}

Result<> write_map(const sys::Procfs& procfs, pid_t pid, const MapKind& kind,
                   const std::vector<oci::IdMapping>& mappings) {
  const std::string directory = std::to_string(pid) + "/";
  const std::string text = id_map_text(mappings);
  Result<> written = procfs.write(directory + kind.file, text);
  if (!is_refused(written)) return written;
  if (kind.file == kGidMap.file && maps_only(mappings, ::getegid())) {
    if (!sys::weakened("without-setgroups-deny")) {
      TRY(procfs.write(directory + "setgroups", "deny"));
    }
    return procfs.write(directory + kind.file, text);
  }
  return run_map_program(kind.program, pid, mappings);
}

}  // namespace

std::string id_map_text(const std::vector<oci::IdMapping>& mappings) {
  std::string text;
  for (const oci::IdMapping& mapping : mappings) {
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", mapping.container_id, mapping.host_id,
                   mapping.size);
  }
  return text;
}

bool maps_only(const std::vector<oci::IdMapping>& mappings, std::uint32_t host_id) {
  return mappings.size() == 1 && mappings[0].size == 1 && mappings[0].host_id == host_id;
}

std::vector<std::string> map_program_arguments(const std::string& program, pid_t pid,
                                               const std::vector<oci::IdMapping>& mappings) {
  std::vector<std::string> arguments = {program, std::to_string(pid)};
  for (const oci::IdMapping& mapping : mappings) {
    arguments.push_back(std::to_string(mapping.container_id));
    arguments.push_back(std::to_string(mapping.host_id));
    arguments.push_back(std::to_string(mapping.size));
  }
  return arguments;
}

Result<> write_id_mappings(const sys::Procfs& procfs, pid_t pid, const Plan& plan) {
  if (!plan.is_new(oci::NamespaceType::user)) return {};
  TRY(write_map(procfs, pid, kUidMap, plan.uid_mappings).at(kUidMap.pointer));
  TRY(write_map(procfs, pid, kGidMap, plan.gid_mappings).at(kGidMap.pointer));
  return {};
}

}  // namespace myrt::namespaces
