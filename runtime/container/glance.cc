#include "runtime/container/glance.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "cgroups/existing.h"
#include "runtime/init/start_gate.h"
#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt::container {
namespace {

// Somebody else may have written the view since (StateDirectory::load).
bool has_newer_view(int root_fd, const std::string& id, const struct stat& ours) {
  struct stat view = {};
  const std::string name = id + "/" + kLibcontainerView;
  if (::fstatat(root_fd, name.c_str(), &view, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return view.st_mtim.tv_sec != ours.st_mtim.tv_sec ? view.st_mtim.tv_sec > ours.st_mtim.tv_sec
                                                    : view.st_mtim.tv_nsec > ours.st_mtim.tv_nsec;
}

}  // namespace

Result<Glance> Glance::open(std::string root) {
  sys::UniqueFd root_fd = TRY(sys::open(root, O_PATH | O_DIRECTORY));
  sys::SeqpacketProbe probe = TRY(sys::SeqpacketProbe::open());
  return Glance(std::move(root), std::move(root_fd), std::move(probe));
}

std::optional<Glance::Seen> Glance::at(const std::string& id, Extent extent) const {
  const auto file = sys::open_at(root_fd_.get(), id + "/" + kContainerFile,
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!file.ok()) return std::nullopt;
  // Replaced as a whole, never written to: one read gets it.
  const auto text = sys::read_kernel_file(file->get(), kContainerFile);
  if (!text.ok()) return std::nullopt;
  auto state = from_json(*text, extent);
  // An id that is not the directory's: it was reached by a link.
  if (!state.ok() || state->id != id || state->pid == 0) return std::nullopt;
  struct stat status = {};
  const bool may_have_view = state->cgroup.mode == cgroups::Mode::v2;
  if (may_have_view || extent != Extent::metrics) {  // which do not tell the owner
    if (::fstat(file->get(), &status) != 0) return std::nullopt;
  }
  if (may_have_view && has_newer_view(root_fd_.get(), id, status)) return std::nullopt;
  const auto found = status_of(*state);
  if (!found) return std::nullopt;
  const pid_t pid = *found == oci::Status::stopped ? 0 : state->pid;
  return Seen{oci_state(*state, *found, pid), std::move(state->rootfs), std::move(state->created),
              std::move(state->cgroup),       std::move(state->phases), status.st_uid};
}

// As status.cc derives it, asking only for what decides. Only init has its gate open: where it is,
// init lives, and /proc, whose files are the most expensive of all, need not be asked. The start
// time is the process's own, so that what one read says of the pid is about init, or not.
std::optional<oci::Status> Glance::status_of(const ContainerState& state) const {
  const auto waits = probe_.is_open(root_ + "/" + state.id + "/" + init::kStartGateName);
  if (!waits.ok()) return std::nullopt;
  Facts facts;
  facts.at_start_gate = *waits;
  facts.init_alive = *waits;
  if (!*waits) {
    const auto stat = sys::read_process_stat(state.pid);
    if (!stat.ok()) return std::nullopt;
    facts.init_alive = *stat && is_init(**stat, state);
  }
  if (facts.init_alive) {
    const auto frozen = cgroups::is_frozen(state.cgroup);
    if (!frozen.ok()) return std::nullopt;
    facts.frozen = *frozen;
  }
  return derive_status(facts);
}

}  // namespace myrt::container
