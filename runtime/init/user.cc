#include "runtime/init/user.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>

#include "sys/credentials.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/unique_fd.h"

namespace myrt::init {
namespace {

// No honest passwd file is larger; the image's author decides what is in it.
constexpr std::size_t kPasswdLimitBytes = 16U << 20U;

// The next field of a line of passwd(5), taken off its front.
std::string_view take_field(std::string_view& line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  line.remove_prefix(std::min(colon + 1, line.size()));
  return field;
}

// name:password:uid:gid:comment:home:shell
std::string_view home_of_line(std::string_view line, uid_t uid) {
  take_field(line);
  take_field(line);
  const std::string_view uid_text = take_field(line);
  uid_t line_uid = 0;
  const char* end = uid_text.data() + uid_text.size();
  const auto parsed = std::from_chars(uid_text.data(), end, line_uid);
  if (uid_text.empty() || parsed.ec != std::errc() || parsed.ptr != end || line_uid != uid) {
    return {};
  }
  take_field(line);
  take_field(line);
  return take_field(line);
}

// EINVAL of set*id(2) means that the id has no mapping (user_namespaces(7)).
Result<> explain_id(Result<> result, std::string_view field) {
  if (result.ok()) return result;
  if (result.error().errno_value == EINVAL) {
    result.error().message += fmt::format(": {} is not mapped in the user namespace", field);
  }
  return std::move(result).at(fmt::format("/process/user/{}", field));
}

Result<> set_supplementary_groups(const oci::User& user, Setgroups setgroups) {
  if (setgroups == Setgroups::cleared && user.additional_gids.empty()) return {};
  if (setgroups == Setgroups::allowed || setgroups == Setgroups::cleared) {
    return explain_id(sys::set_groups(user.additional_gids), "additionalGids");
  }
  if (setgroups == Setgroups::keep || user.additional_gids.empty()) return {};
  return config_error("/process/user/additionalGids",
                      "the user namespace does not allow setgroups");
}

}  // namespace

std::string home_from_passwd(std::string_view text, uid_t uid) {
  while (!text.empty()) {
    const std::size_t newline = std::min(text.find('\n'), text.size());
    if (const std::string_view home = home_of_line(text.substr(0, newline), uid); !home.empty()) {
      return std::string(home);
    }
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return {};
}

Result<std::string> home_directory(int root_fd, uid_t uid) {
  const std::string fallback = "/";
  // O_NONBLOCK: the image may have put a FIFO there.
  const Result<sys::UniqueFd> file =
      sys::open_in_root(root_fd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.ok()) return fallback;
  const struct stat status = TRY(sys::stat_fd(file->get()));
  if (!S_ISREG(status.st_mode)) return fallback;
  const Result<std::string> text = sys::read_all(file->get(), "/etc/passwd", kPasswdLimitBytes);
  if (!text.ok()) return fallback;
  std::string home = home_from_passwd(*text, uid);
  return home.empty() ? fallback : home;
}

Result<> set_user(const oci::User& user, Setgroups setgroups) {
  // Groups and gid first: both need the privileges that the uid may take away.
  TRY(set_supplementary_groups(user, setgroups));
  TRY(explain_id(sys::set_resgid(user.gid), "gid"));
  return explain_id(sys::set_resuid(user.uid), "uid");
}

Result<> chown_stdio(uid_t uid) {
  constexpr std::array kStandardFds = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  for (const int fd : kStandardFds) {
    const struct stat status = TRY(sys::stat_fd(fd));
    const bool is_own_kind =
        S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISREG(status.st_mode);
    if (!is_own_kind || status.st_uid == uid) continue;
    if (::fchown(fd, uid, static_cast<gid_t>(-1)) == 0) continue;
    const bool is_harmless = errno == EPERM || errno == EROFS || errno == EINVAL;
    if (!is_harmless) {
      const int error = errno;
      return errno_error("fchown", fmt::format("give fd {} to uid `{}`", fd, uid), error);
    }
  }
  return {};
}

}  // namespace myrt::init
