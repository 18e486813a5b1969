#include "shim/rootfs.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sys/mount_api.h"
#include "sys/text.h"

namespace myrt::shim {
namespace {

constexpr std::size_t kPage = 4096;

struct FlagWord {
  std::string_view word;
  unsigned long set = 0, clear = 0;
};
constexpr std::array kFlagWords = {
    FlagWord{"ro", MS_RDONLY, 0},
    FlagWord{"rw", 0, MS_RDONLY},
    FlagWord{"bind", MS_BIND, 0},
    FlagWord{"rbind", MS_BIND | MS_REC, 0},
    FlagWord{"nosuid", MS_NOSUID, 0},
    FlagWord{"suid", 0, MS_NOSUID},
    FlagWord{"nodev", MS_NODEV, 0},
    FlagWord{"dev", 0, MS_NODEV},
    FlagWord{"noexec", MS_NOEXEC, 0},
    FlagWord{"exec", 0, MS_NOEXEC},
    FlagWord{"noatime", MS_NOATIME, 0},
    FlagWord{"atime", 0, MS_NOATIME},
    FlagWord{"nodiratime", MS_NODIRATIME, 0},
    FlagWord{"diratime", 0, MS_NODIRATIME},
    FlagWord{"relatime", MS_RELATIME, 0},
    FlagWord{"norelatime", 0, MS_RELATIME},
    FlagWord{"strictatime", MS_STRICTATIME, 0},
    FlagWord{"sync", MS_SYNCHRONOUS, 0},
    FlagWord{"async", 0, MS_SYNCHRONOUS},
    FlagWord{"dirsync", MS_DIRSYNC, 0},
    FlagWord{"remount", MS_REMOUNT, 0},
    FlagWord{"defaults", 0, 0},
};

constexpr std::string_view kLower = "lowerdir=";

// Up to the last slash that all have before the first difference.
std::string common_directory(const std::vector<std::string_view>& paths) {
  std::string_view common = paths.front();
  for (const std::string_view path : paths) {
    const auto different = std::mismatch(common.begin(), common.end(), path.begin(), path.end());
    common = common.substr(0, static_cast<std::size_t>(different.first - common.begin()));
  }
  const std::size_t slash = common.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(common.substr(0, slash + 1));
}

Result<> perform(const MountCall& call, const std::string& target) {
  TRY(sys::mount(call.source, target, call.type, call.flags, call.data));
  constexpr unsigned long kIgnoredByBind = ~static_cast<unsigned long>(MS_BIND | MS_REC);
  if ((call.flags & MS_BIND) == 0 || (call.flags & kIgnoredByBind) == 0) return {};
  return sys::mount("", target, "", call.flags | MS_REMOUNT, "");
}

Result<> mount_one(const Mount& mount, const std::string& target) {
  MountCall call = mount_call(mount);
  if (call.data.size() >= kPage && call.type == "overlay") {
    const ShortOverlay shortened = shorten(call.data);
    if (::chdir(shortened.base.empty() ? "/" : shortened.base.c_str()) != 0) {
      return errno_error("chdir", fmt::format("enter `{}`", shortened.base));
    }
    call.data = shortened.data;
  }
  return perform(call, target);
}

}  // namespace

MountCall mount_call(const Mount& mount) {
  MountCall call{mount.type, mount.source, {}, 0};
  for (const std::string& option : mount.options) {
    const auto* word = std::find_if(kFlagWords.begin(), kFlagWords.end(),
                                    [&](const FlagWord& entry) { return entry.word == option; });
    if (word != kFlagWords.end()) {
      call.flags = (call.flags & ~word->clear) | word->set;
    } else {
      call.data += (call.data.empty() ? "" : ",") + option;
    }
  }
  if (mount.type == "bind") call.flags |= MS_BIND;
  return call;
}

ShortOverlay shorten(const std::string& data) {
  ShortOverlay result;
  for (const std::string_view option : sys::split(data, ',')) {
    std::string text(option);
    if (option.starts_with(kLower)) {
      const auto directories = sys::split(option.substr(kLower.size()), ':');
      result.base = common_directory(directories);
      text = kLower;
      for (std::size_t i = 0; i < directories.size(); ++i) {
        text += (i == 0 ? "" : ":") + std::string(directories[i].substr(result.base.size()));
      }
    }
    result.data += (result.data.empty() ? "" : ",") + text;
  }
  return result;
}

Result<> mount_rootfs(const std::vector<Mount>& mounts, const std::string& rootfs) {
  for (const Mount& mount : mounts) {
    auto mounted = mount_one(mount, rootfs + mount.target);
    if (mounted.ok()) continue;
    ignore(unmount_rootfs(rootfs), "the error that matters is the mount's");
    return std::move(mounted).context("failed to mount rootfs component");
  }
  return {};
}

Result<> unmount_rootfs(const std::string& rootfs) {
  while (true) {
    const auto gone = sys::umount(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (gone.ok()) continue;
    const int error = gone.error().errno_value;
    if (error == EINVAL || error == ENOENT) return {};  // nothing is mounted there
    return gone.error();
  }
}

}  // namespace myrt::shim
