#include "runtime/init/executable_file.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::init {
namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kScriptLineBytes = 256;    // BINPRM_BUF_SIZE: the kernel reads no further
constexpr std::size_t kInterpreterBytes = 4096;  // PATH_MAX

struct NamedMachine {
  std::uint16_t machine;
  std::string_view name;
};
constexpr std::array kMachines = {
    NamedMachine{EM_X86_64, "x86_64"},       NamedMachine{EM_386, "x86"},
    NamedMachine{EM_AARCH64, "aarch64"},     NamedMachine{EM_ARM, "arm"},
    NamedMachine{EM_RISCV, "riscv"},         NamedMachine{EM_PPC64, "ppc64"},
    NamedMachine{EM_S390, "s390"},           NamedMachine{EM_MIPS, "mips"},
    NamedMachine{EM_LOONGARCH, "loongarch"},
};
#if defined(__x86_64__)
constexpr std::array<std::uint16_t, 2> kHostMachines = {EM_X86_64, EM_386};
#elif defined(__aarch64__)
constexpr std::array<std::uint16_t, 2> kHostMachines = {EM_AARCH64, EM_ARM};
#elif defined(__riscv)
constexpr std::array<std::uint16_t, 1> kHostMachines = {EM_RISCV};
#elif defined(__powerpc64__)
constexpr std::array<std::uint16_t, 2> kHostMachines = {EM_PPC64, EM_PPC};
#elif defined(__s390x__)
constexpr std::array<std::uint16_t, 1> kHostMachines = {EM_S390};
#endif

std::string read_piece(int fd, std::size_t limit_bytes, off_t offset) {
  std::string bytes(limit_bytes, '\0');
  const ssize_t size = ::pread(fd, bytes.data(), bytes.size(), offset);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

template <class T>
std::optional<T> structure_at(std::string_view bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

ExecutableFile read_script(std::string_view head) {
  std::string_view line = head.substr(2, kScriptLineBytes - 2);
  line = line.substr(0, line.find('\n'));
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {.interpreter = {}, .format = "a script without an interpreter"};
  }
  line.remove_prefix(first);
  // A carriage return of a DOS text belongs to the name, as it does for the kernel.
  return {.interpreter = std::string(line.substr(0, line.find_first_of(" \t"))), .format = {}};
}

template <class Header, class ProgramHeader>
std::string elf_interpreter(int fd, std::string_view head) {
  const std::optional<Header> header = structure_at<Header>(head, 0);
  if (!header || header->e_phentsize != sizeof(ProgramHeader)) return {};
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    const auto program =
        structure_at<ProgramHeader>(head, header->e_phoff + i * sizeof(ProgramHeader));
    if (!program) return {};
    if (program->p_type != PT_INTERP) continue;
    const std::string path =
        read_piece(fd, std::min<std::size_t>(program->p_filesz, kInterpreterBytes),
                   static_cast<off_t>(program->p_offset));
    return path.substr(0, path.find('\0'));
  }
  return {};
}

ExecutableFile read_elf(int fd, std::string_view head) {
  // e_machine stands at the same place in both classes, in the file's own byte order.
  const auto machine_field = structure_at<std::uint16_t>(head, offsetof(Elf64_Ehdr, e_machine));
  if (!machine_field) return {.interpreter = {}, .format = "a truncated ELF file"};
  std::uint16_t machine = *machine_field;
  const bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  const bool is_foreign_order = (head[EI_DATA] == ELFDATA2LSB) != is_little;
  if (is_foreign_order) machine = __builtin_bswap16(machine);

  const bool is_host =
      std::find(kHostMachines.begin(), kHostMachines.end(), machine) != kHostMachines.end();
  if (!is_host || is_foreign_order) {
    for (const NamedMachine& known : kMachines) {
      if (known.machine == machine) {
        return {.interpreter = {}, .format = fmt::format("an ELF file for {}", known.name)};
      }
    }
    return {.interpreter = {}, .format = fmt::format("an ELF file for machine {}", machine)};
  }
  if (head[EI_CLASS] == ELFCLASS64) {
    return {.interpreter = elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(fd, head), .format = {}};
  }
  return {.interpreter = elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(fd, head), .format = {}};
}

}  // namespace

ExecutableFile read_executable_file(const std::string& path) {
  const Result<sys::UniqueFd> file = sys::open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.ok()) return {};
  const Result<struct stat> status = sys::stat_fd(file->get());
  if (!status.ok() || !S_ISREG(status->st_mode)) return {};

  const std::string head = read_piece(file->get(), kHeadBytes, 0);
  if (head.starts_with("#!")) return read_script(head);
  if (head.size() > EI_DATA && head.starts_with(ELFMAG)) return read_elf(file->get(), head);
  if (head.empty()) return {.interpreter = {}, .format = "an empty file"};
  return {.interpreter = {}, .format = "neither an ELF file nor a script with a #! line"};
}

}  // namespace myrt::init
