#include "cgroups/devices_attach.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

namespace myrt::cgroups {
namespace {

constexpr std::string_view kProgramName = "myrt_devices";
constexpr char kLicense[] = "Apache-2.0";
constexpr std::size_t kMaxPrograms = 64;  // BPF_CGROUP_MAX_PROGS
constexpr std::size_t kLogBytes = 65536;

// Linux 6.17 to 7.1 writes results beyond a short attribute: always the whole union, zeroed.
// Padding too, hence memset and not only an initialiser.
class Attributes {
 public:
  Attributes() { std::memset(&value_, 0, sizeof(value_)); }
  bpf_attr* operator->() { return &value_; }
  int call(int command) {
    return static_cast<int>(::syscall(SYS_bpf, command, &value_, sizeof(value_)));
  }

 private:
  bpf_attr value_;
};

std::uint64_t address(const void* pointer) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

int load(const std::vector<bpf_insn>& program, std::vector<char>& log) {
  Attributes attributes;
  attributes->prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes->expected_attach_type = BPF_CGROUP_DEVICE;
  attributes->insns = address(program.data());
  attributes->insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes->license = address(kLicense);
  std::copy(kProgramName.begin(), kProgramName.end(), attributes->prog_name);
  if (!log.empty()) {
    attributes->log_level = 1;
    attributes->log_buf = address(log.data());
    attributes->log_size = static_cast<std::uint32_t>(log.size());
  }
  return attributes.call(BPF_PROG_LOAD);  // the fd is close-on-exec by itself
}

// The kernels that myrt runs on (5.11 and later) charge programs to the memory cgroup, so
// RLIMIT_MEMLOCK need not be raised first.
Result<sys::UniqueFd> load_program(const std::vector<bpf_insn>& program) {
  std::vector<char> log;
  const int fd = load(program, log);
  if (fd >= 0) return sys::UniqueFd(fd);
  const int error = errno;
  Error failure = errno_error("bpf", "load the device filter", error);
  if (error == EINVAL || error == EACCES) {
    log.resize(kLogBytes);
    sys::UniqueFd again(load(program, log));
    failure.message += fmt::format(" (verifier: {})", std::string_view(log.data()));
  }
  return failure;
}

struct AttachedProgram {
  sys::UniqueFd fd;
  bool ours = false;
};

std::optional<AttachedProgram> open_program(std::uint32_t id) {
  Attributes by_id;
  by_id->prog_id = id;
  AttachedProgram program{.fd = sys::UniqueFd(by_id.call(BPF_PROG_GET_FD_BY_ID))};
  if (!program.fd.valid()) return std::nullopt;  // gone since the query
  bpf_prog_info info;
  std::memset(&info, 0, sizeof(info));
  Attributes details;
  details->info.bpf_fd = static_cast<std::uint32_t>(program.fd.get());
  details->info.info_len = sizeof(info);
  details->info.info = address(&info);
  if (details.call(BPF_OBJ_GET_INFO_BY_FD) < 0) return std::nullopt;
  program.ours = kProgramName == info.name;
  return program;
}

// Programs that an earlier filter of ours left on this cgroup.
Result<std::vector<sys::UniqueFd>> attached_by_us(int cgroup_fd) {
  std::array<std::uint32_t, kMaxPrograms> ids = {};
  Attributes query;
  query->query.target_fd = static_cast<std::uint32_t>(cgroup_fd);
  query->query.attach_type = BPF_CGROUP_DEVICE;
  query->query.prog_ids = address(ids.data());
  query->query.prog_cnt = static_cast<std::uint32_t>(ids.size());
  if (query.call(BPF_PROG_QUERY) < 0) {
    return errno_error("bpf", "query the device filters of the cgroup");
  }
  std::vector<sys::UniqueFd> ours;
  const std::size_t count = std::min<std::size_t>(query->query.prog_cnt, ids.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<AttachedProgram> program = open_program(ids.at(i));
    if (program && program->ours) ours.push_back(std::move(program->fd));
  }
  return ours;
}

Result<> attach(int cgroup_fd, int program_fd, int replaced_fd) {
  Attributes attributes;
  attributes->target_fd = static_cast<std::uint32_t>(cgroup_fd);
  attributes->attach_bpf_fd = static_cast<std::uint32_t>(program_fd);
  attributes->attach_type = BPF_CGROUP_DEVICE;
  attributes->attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced_fd >= 0) {
    attributes->attach_flags |= BPF_F_REPLACE;
    attributes->replace_bpf_fd = static_cast<std::uint32_t>(replaced_fd);
  }
  if (attributes.call(BPF_PROG_ATTACH) == 0) return {};
  return errno_error("bpf", "attach the device filter to the cgroup");
}

bool is_tolerable(const Error& error, OnDenied on_denied) {
  return on_denied == OnDenied::skip && (error.errno_value == EPERM || error.errno_value == EACCES);
}

Result<> detach(int cgroup_fd, int program_fd) {
  Attributes attributes;
  attributes->target_fd = static_cast<std::uint32_t>(cgroup_fd);
  attributes->attach_bpf_fd = static_cast<std::uint32_t>(program_fd);
  attributes->attach_type = BPF_CGROUP_DEVICE;
  if (attributes.call(BPF_PROG_DETACH) == 0 || errno == ENOENT) return {};
  return errno_error("bpf", "detach an old device filter from the cgroup");
}

Result<> replace_ours(int cgroup_fd, int program_fd) {
  const std::vector<sys::UniqueFd> old = TRY(attached_by_us(cgroup_fd));
  TRY(attach(cgroup_fd, program_fd, old.empty() ? -1 : old.front().get()));
  for (std::size_t i = 1; i < old.size(); ++i) TRY(detach(cgroup_fd, old[i].get()));
  return {};
}

}  // namespace

Result<sys::UniqueFd> load_devices_program(const std::vector<bpf_insn>& program,
                                           OnDenied on_denied) {
  Result<sys::UniqueFd> loaded = load_program(program);
  if (!loaded.ok() && is_tolerable(loaded.error(), on_denied)) return sys::UniqueFd();
  return loaded;
}

Result<> attach_devices_program(int cgroup_fd, int program_fd, CgroupAge age, OnDenied on_denied) {
  Result<> attached = age == CgroupAge::new_made ? attach(cgroup_fd, program_fd, -1)
                                                 : replace_ours(cgroup_fd, program_fd);
  if (!attached.ok() && is_tolerable(attached.error(), on_denied)) return {};
  return attached;
}

}  // namespace myrt::cgroups
