#include "namespaces/enter.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <utility>

#include "sys/credentials.h"
#include "sys/files.h"

namespace myrt::namespaces {
namespace {

struct OpenJoin {
  const Join* join;
  int fd;
};

// 0, or the errno of setns.
int set_namespace(const OpenJoin& entry) {
  // The type is given although the fd has been checked: the kernel then checks once more.
  const auto flag = static_cast<int>(clone_flag(entry.join->type));
  return ::setns(entry.fd, flag) == 0 ? 0 : errno;
}

Error join_error(const Join& join, int error) {
  return Result<>(
             errno_error("setns",
                         fmt::format("join {} namespace `{}`", to_string(join.type), join.path),
                         error))
      .at(join.pointer)
      .error();
}

Result<bool> is_own_namespace(const sys::Procfs& procfs, int fd, oci::NamespaceType type) {
  const sys::UniqueFd own = TRY(open_own_namespace(procfs, type));
  const struct stat own_status = TRY(sys::stat_fd(own.get()));
  const struct stat status = TRY(sys::stat_fd(fd));
  return own_status.st_dev == status.st_dev && own_status.st_ino == status.st_ino;
}

Result<> check_type(const Join& join, int fd) {
  const std::optional<std::uint64_t> flag = namespace_flag(fd);
  if (!flag) {
    return config_error(join.pointer, fmt::format("`{}` is not a namespace", join.path));
  }
  if (*flag != clone_flag(join.type)) {
    const std::optional<oci::NamespaceType> type = type_of_flag(*flag);
    return config_error(
        join.pointer,
        fmt::format("expected a namespace of type {}, `{}` is of type {}", to_string(join.type),
                    join.path, type ? to_string(*type) : std::string_view("unknown")));
  }
  return {};
}

Result<sys::UniqueFd> open_join(const sys::Procfs& procfs, const Join& join) {
  // O_NONBLOCK: a path that turns out to be a fifo must not stop us.
  sys::UniqueFd fd = TRY(sys::open(join.path, O_RDONLY | O_NONBLOCK | O_NOCTTY).at(join.pointer));
  TRY(check_type(join, fd.get()));
  const bool is_user = join.type == oci::NamespaceType::user;
  if (!is_user && join.private_for.empty()) return fd;
  if (TRY(is_own_namespace(procfs, fd.get(), join.type))) {
    if (is_user) {
      return config_error(join.pointer,
                          fmt::format("`{}` is the runtime's own user namespace", join.path));
    }
    return config_error(join.private_for,
                        fmt::format("needs a private {} namespace, `{}` is the runtime's own",
                                    to_string(join.type), join.path));
  }
  return fd;
}

}  // namespace

Result<OpenJoins> open_joins(const sys::Procfs& procfs, const Plan& plan) {
  OpenJoins opened;
  if (plan.joined_user) opened.user = TRY(open_join(procfs, *plan.joined_user));
  if (plan.joined_pid) opened.pid = TRY(open_join(procfs, *plan.joined_pid));
  opened.others.reserve(plan.joins.size());
  for (const Join& join : plan.joins) opened.others.push_back(TRY(open_join(procfs, join)));
  return opened;
}

Result<PidNamespaceForChildren> PidNamespaceForChildren::enter(const sys::Procfs& procfs,
                                                               int pidns_fd) {
  PidNamespaceForChildren guard(TRY(open_own_namespace(procfs, oci::NamespaceType::pid)));
  if (::setns(pidns_fd, CLONE_NEWPID) != 0) {
    const int error = errno;
    guard.own_.reset();
    return errno_error("setns", "start children in another pid namespace", error);
  }
  return guard;
}

Result<> PidNamespaceForChildren::leave() {
  if (!own_.valid()) return {};
  const int result = ::setns(own_.get(), CLONE_NEWPID);
  const int error = errno;
  own_.reset();
  if (result != 0) return errno_error("setns", "go back to the own pid namespace", error);
  return {};
}

PidNamespaceForChildren::~PidNamespaceForChildren() {
  ignore(leave(), "the caller that cares has called leave()");
}

Result<> enter_in_helper(const Plan& plan, const OpenJoins& joins) {
  std::vector<OpenJoin> pending;
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    pending.push_back({&plan.joins[i], joins.others[i].get()});
  }
  // The pid namespace last: it is where the container's processes could reach for us.
  if (plan.joined_pid) pending.push_back({&*plan.joined_pid, joins.pid.get()});

  std::vector<OpenJoin> refused;
  for (const OpenJoin& entry : pending) {
    const int error = set_namespace(entry);
    if (error == EPERM && plan.joined_user) {
      refused.push_back(entry);
    } else if (error != 0) {
      return join_error(*entry.join, error);
    }
  }
  if (!plan.joined_user) return {};

  refused.insert(refused.begin(), OpenJoin{&*plan.joined_user, joins.user.get()});
  for (const OpenJoin& entry : refused) {
    const int error = set_namespace(entry);
    if (error != 0) return join_error(*entry.join, error);
  }
  return {};
}

Result<> enter_joined(const Plan& plan, const OpenJoins& joins) {
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    const int error = set_namespace({&plan.joins[i], joins.others[i].get()});
    if (error != 0) return join_error(plan.joins[i], error);
  }
  return {};
}

Result<> enter_new_cgroup_namespace() {
  if (::unshare(CLONE_NEWCGROUP) == 0) return {};
  const int error = errno;
  return errno_error("unshare", "make a cgroup namespace", error);
}

Result<> become_user_namespace_root(Groups wanted) {
  // EINVAL: id 0 is not mapped. A container that maps only its user's id is legal, and `process`
  // then names an id that is.
  Result<> gid = sys::set_resgid(0);
  if (!gid.ok() && gid.error().errno_value != EINVAL) return gid;
  // EPERM: setgroups(2) is denied in this namespace, and the groups can only stay.
  Result<> groups = wanted == Groups::keep ? Result<>() : sys::set_groups({});
  if (!groups.ok() && groups.error().errno_value != EPERM) return groups;
  Result<> uid = sys::set_resuid(0);
  if (!uid.ok() && uid.error().errno_value != EINVAL) return uid;
  return {};
}

Result<> enter(const sys::Procfs& procfs, const Plan& plan, const OpenJoins& joins) {
  if (!plan.needs_helper()) TRY(enter_joined(plan, joins));
  if (plan.is_new(oci::NamespaceType::time)) TRY(enter_new_time_namespace(procfs, plan));
  if (plan.is_new(oci::NamespaceType::cgroup)) TRY(enter_new_cgroup_namespace());
  if (!plan.is_private(oci::NamespaceType::user)) return {};
  TRY(become_user_namespace_root(plan.keep_groups ? Groups::keep : Groups::drop));
  if (!plan.is_new(oci::NamespaceType::ipc)) return {};
  if (::unshare(CLONE_NEWIPC) != 0) return errno_error("unshare", "make an ipc namespace");
  return {};
}

Result<> join_container(int pidfd, std::uint64_t flags) {
  if (flags == 0) return {};  // setns refuses to do nothing
  if (::setns(pidfd, static_cast<int>(flags)) == 0) return {};
  const int error = errno;
  return errno_error("setns", fmt::format("join the container's namespaces `{:#x}`", flags), error);
}

}  // namespace myrt::namespaces
