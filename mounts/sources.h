// The host side of a container's mounts, opened before init exists: so that a user-namespaced init
// needs no permission on host paths, and nothing of the container can influence what is opened.
#pragma once

#include <optional>
#include <vector>

#include "mounts/plan.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::mounts {

// Detached mounts; each dies with its fd unless it is attached. Inherited by init over clone3.
struct Sources {
  Sources() = default;
  Sources(Sources&&) = default;
  Sources& operator=(Sources&&) = default;
  ~Sources();  // closes them together: there may be many

  struct Source {
    sys::UniqueFd tree;        // detached clone of the source; empty when the step has none (yet)
    bool directory = false;    // decides the kind of destination that is made
    std::string symlink_text;  // copy-symlink and the source is a symlink: what it says; no tree
    sys::UniqueFd user_namespace;  // with the id mapping of a new filesystem, for init
  };
  sys::UniqueFd root_tree;    // the rootfs; empty without a mount namespace of its own
  std::vector<Source> steps;  // one per Plan::steps
  std::vector<sys::UniqueFd> device_trees;  // one per Plan::devices with DeviceMethod::bind
  sys::UniqueFd null_device;                // /dev/null, verified to be 1:3 (CVE-2025-31133)
};

// Runs in the runtime process, in the host's mount namespace, before clone3 and after the cgroups
// exist. Needs CAP_SYS_ADMIN there. Every clone gets the planned attributes and propagation here.
// Errors: system, e.g. ``mounts[3]: open tree `/src`: no such file or directory`` with the pointer
// /mounts/3; invalid_config when the rootfs is no directory (ROO-02). `given_root` is the detached
// mount of RootTree::given, borrowed: it is moved, so that it serves once.
Result<Sources> open_sources(const Plan& plan, int given_root = -1);
// The same where the runtime process may not (rootless): runs in init, first of all in its new
// mount namespace. Errors: as above, and unsupported when the plan has id mappings, which nobody
// could apply any more (IDM-08), or a root that is given.
Result<Sources> open_sources_in_init(const Plan& plan);

// Opens the source of a step that has it inside the container (BindMount::inside), when it is the
// step's turn. Runs in init, in its mount namespace. No symlink is followed, so that nothing in the
// image can choose another source, and no procfs or sysfs is cloned, whose paths are yet to be
// hidden. Errors: system, unsupported.
Result<Sources::Source> open_source_inside(const BindMount& bind, const Step& step, int root_fd);

// The first entry of the config whose source is inside; nullopt: none.
std::optional<std::size_t> first_inside_source(const Plan& plan);

// Whether apply_id_mappings has anything to do, and whether it needs the container's user
// namespace.
bool has_id_mappings(const Plan& plan);
bool needs_container_user_namespace(const Plan& plan);
// Whether open_filesystem_mappings has.
bool has_filesystem_mappings(const Plan& plan);

// Makes the user namespaces with which init maps the ids of new filesystems. Runs in the runtime
// process before clone3, so that init inherits them; costs nothing where no filesystem is mapped.
// Errors: system.
Result<> open_filesystem_mappings(Sources& sources, const Plan& plan, const sys::Procfs& proc);

// Gives the sources that ask for it their id mapping (IDM-01..08). Runs in the runtime process,
// after clone3 and the container's id maps are written, before init proceeds. `container_userns_fd`
// is /proc/PID/ns/user of init, or -1 when needs_container_user_namespace is false. Errors: system.
// See mount_setattr(2), MOUNT_ATTR_IDMAP.
Result<> apply_id_mappings(Sources& sources, const Plan& plan, const sys::Procfs& proc,
                           int container_userns_fd);
// The same for the one step `index` whose tree init has opened inside and sent: init may not do it
// itself in a user namespace. Errors: protocol when the plan maps no such step.
Result<> apply_id_mapping(int tree_fd, const Plan& plan, std::size_t index, const sys::Procfs& proc,
                          int container_userns_fd);

}  // namespace myrt::mounts
