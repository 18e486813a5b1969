#include "runtime/init/hot_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "namespaces/enter.h"
#include "runtime/init/handshake.h"
#include "sys/activity.h"
#include "sys/credentials.h"
#include "sys/files.h"
#include "sys/out_of_memory.h"
#include "sys/process.h"
#include "sys/seqpacket.h"

namespace myrt::init {
namespace {

using Work = std::function<Result<std::vector<mounts::HotMount>>(int root_fd)>;

// The user namespace owns what is made, the network and ipc namespaces are what a new sysfs or
// mqueue shows. No process of the container's can see one that is not in its pid namespace.
constexpr std::uint64_t kJoined = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC;

Result<std::vector<mounts::HotMount>> work_inside(HotMountContext& context, const Work& work) {
  TRY(sys::set_not_dumpable());
  TRY(namespaces::join_container(context.init_pidfd, context.namespaces & kJoined)
          .in_phase(Phase::namespaces));
  if ((context.namespaces & CLONE_NEWUSER) != 0) {
    TRY(namespaces::become_user_namespace_root(namespaces::Groups::drop));
  }
  if (!context.root.valid()) context.root = TRY(sys::open("/", O_PATH | O_DIRECTORY));
  return work(context.root.get()).in_phase(Phase::mounts);
}

// A message is one letter and either an encoded error or the ids of the mounts.
constexpr char kFailed = 'E';
constexpr char kDone = 'D';

std::string encode(const Result<std::vector<mounts::HotMount>>& result) {
  if (!result.ok()) return kFailed + encode_error(result.error());
  std::string bytes(1, kDone);
  for (const mounts::HotMount& mount : *result) {
    bytes.append(reinterpret_cast<const char*>(&mount.mount_id), sizeof mount.mount_id);
  }
  return bytes;
}

Result<std::vector<std::uint64_t>> decode(std::string_view bytes) {
  const auto malformed = [] {
    return make_error(ErrorCode::protocol, "a malformed answer from inside the container");
  };
  if (bytes.empty()) return malformed();
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  if (kind == kFailed) return decode_error(bytes).value_or(malformed());
  if (kind != kDone || bytes.size() % sizeof(std::uint64_t) != 0) return malformed();
  std::vector<std::uint64_t> ids(bytes.size() / sizeof(std::uint64_t));
  // An empty vector has no address, which memcpy must have.
  if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
  return ids;
}

// A mount can take its time, on a network for instance.
constexpr std::chrono::seconds kBound{120};

Result<std::vector<std::uint64_t>> run_inside(HotMountContext& context, const Work& work) {
  const sys::BlockedSignals blocked;
  auto [ours, theirs] = TRY(sys::seqpacket_pair());
  auto child = TRY(sys::clone3({}).in_phase(Phase::spawn));
  if (!child) {
    ours.reset();
    const auto done = sys::or_out_of_memory([&] { return work_inside(context, work); });
    const auto sent = sys::send_packet(theirs.get(), encode(done));
    ::_exit(sent.ok() ? 0 : 1);
  }
  theirs.reset();
  TRY(sys::bound_receives(ours.get(), kBound));
  auto received = sys::receive_packet(ours.get());
  if (!received.ok() && received.error().code == ErrorCode::timeout) {
    received.error().message = fmt::format("mounts in the container took more than {} s ({})",
                                           kBound.count(), sys::activity_of(child->pid()));
  }
  const auto answer = TRY(std::move(received));
  TRY(child->wait());
  if (!answer) {
    return make_error(ErrorCode::protocol, "the process inside the container died");
  }
  return decode(answer->bytes);
}

}  // namespace

Result<std::vector<mounts::HotMount>> add_hot_mounts(HotMountContext& context,
                                                     const mounts::Plan& plan,
                                                     mounts::Sources& sources) {
  const auto ids = TRY(run_inside(context, [&](int root_fd) {
    return mounts::add_hot_mounts(plan, sources, root_fd, context.procfs);
  }));
  if (ids.size() != plan.steps.size()) {
    return make_error(ErrorCode::protocol, "a malformed answer from inside the container");
  }
  std::vector<mounts::HotMount> added;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    added.push_back({plan.steps[i].destination, ids[i]});
  }
  return added;
}

Result<> remove_hot_mounts(HotMountContext& context, const std::vector<mounts::HotMount>& mounts) {
  TRY(run_inside(context, [&](int root_fd) -> Result<std::vector<mounts::HotMount>> {
    TRY(mounts::remove_hot_mounts(mounts, root_fd, context.procfs));
    return std::vector<mounts::HotMount>();
  }));
  return {};
}

}  // namespace myrt::init
