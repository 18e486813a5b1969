// The members of container.json, as its reader knows them (docs/state-format.md). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace myrt::container {

enum class Kind : std::uint8_t { object, array, text, path, integer, flag };
enum class Need : std::uint8_t { always, newer };  // newer: older runtimes do not write it

// The places of a document that mean something.
// clang-format off
enum class Node : std::uint8_t {
  none, document, version, id, pid, start_time_ticks, bundle, rootfs, created, annotations,
  annotation, cgroup_manager, cgroup, mode, directories, directory, directory_part, unit, unit_bus,
  unit_name, found_cgroups, found_cgroup, namespaces, own_pids, pivoted, new_keyring, has_process,
  poststart_hooks, poststop_hooks, host_mounts, host_mount, resctrl_groups, resctrl_group,
  hot_mounts, hot_mount, destination, mount_id, rdt_class, clos, monitor_group, pid_file, phases,
  phase
};
// clang-format on

struct Member {
  Node node, parent;
  std::string_view key;  // empty: any key of an object, any element of an array
  Kind kind;
  Need need = Need::always;
};
// clang-format off
inline constexpr auto kMembers = std::to_array<Member>({
    {Node::none, Node::none, "", Kind::object},
    {Node::document, Node::none, "the document", Kind::object},
    {Node::version, Node::document, "version", Kind::integer},
    {Node::id, Node::document, "id", Kind::text},
    {Node::pid, Node::document, "pid", Kind::integer},
    {Node::start_time_ticks, Node::document, "startTimeTicks", Kind::integer},
    {Node::bundle, Node::document, "bundle", Kind::path},
    {Node::rootfs, Node::document, "rootfs", Kind::path},
    {Node::created, Node::document, "created", Kind::text},
    {Node::annotations, Node::document, "annotations", Kind::object},
    {Node::annotation, Node::annotations, "", Kind::text},
    {Node::cgroup_manager, Node::document, "cgroupManager", Kind::text},
    {Node::cgroup, Node::document, "cgroup", Kind::object},
    {Node::mode, Node::cgroup, "mode", Kind::text},
    {Node::directories, Node::cgroup, "directories", Kind::array},
    {Node::directory, Node::directories, "", Kind::array},
    {Node::directory_part, Node::directory, "", Kind::text},
    {Node::unit, Node::cgroup, "unit", Kind::object, Need::newer},
    {Node::unit_bus, Node::unit, "bus", Kind::text},
    {Node::unit_name, Node::unit, "name", Kind::text},
    {Node::found_cgroups, Node::document, "foundCgroups", Kind::array},
    {Node::found_cgroup, Node::found_cgroups, "", Kind::path},
    {Node::namespaces, Node::document, "namespaces", Kind::integer},
    {Node::own_pids, Node::document, "ownPids", Kind::flag, Need::newer},
    {Node::pivoted, Node::document, "pivoted", Kind::flag},
    {Node::new_keyring, Node::document, "newKeyring", Kind::flag},
    {Node::has_process, Node::document, "hasProcess", Kind::flag},
    {Node::poststart_hooks, Node::document, "poststartHooks", Kind::flag},
    {Node::poststop_hooks, Node::document, "poststopHooks", Kind::flag},
    {Node::host_mounts, Node::document, "hostMounts", Kind::array},
    {Node::host_mount, Node::host_mounts, "", Kind::path},
    {Node::resctrl_groups, Node::document, "resctrlGroups", Kind::array},
    {Node::resctrl_group, Node::resctrl_groups, "", Kind::path},
    {Node::hot_mounts, Node::document, "hotMounts", Kind::array, Need::newer},
    {Node::hot_mount, Node::hot_mounts, "", Kind::object},
    {Node::destination, Node::hot_mount, "destination", Kind::path},
    {Node::mount_id, Node::hot_mount, "mountId", Kind::integer},
    {Node::rdt_class, Node::document, "rdtClass", Kind::object, Need::newer},
    {Node::clos, Node::rdt_class, "clos", Kind::text},
    {Node::monitor_group, Node::rdt_class, "monitorGroup", Kind::text},
    {Node::pid_file, Node::document, "pidFile", Kind::path, Need::newer},
    {Node::phases, Node::document, "phases", Kind::object, Need::newer},
    {Node::phase, Node::phases, "", Kind::integer},
});
// clang-format on

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kMembers.size(); ++i) {
    if (kMembers[i].node != static_cast<Node>(i)) return false;
  }
  return kMembers.size() <= 64;  // bits of a set
}
static_assert(is_in_order());

constexpr const Member& member(Node node) { return kMembers[static_cast<std::size_t>(node)]; }
constexpr std::uint64_t bit(Node node) { return std::uint64_t{1} << static_cast<unsigned>(node); }

constexpr std::uint64_t bits_below(Node parent) {
  std::uint64_t bits = 0;
  for (const Member& entry : kMembers) bits |= entry.parent == parent ? bit(entry.node) : 0;
  return bits;
}

// What Extent::glance is about; a container counts when its end has been read.
inline constexpr std::uint64_t kGlance =
    bit(Node::id) | bit(Node::pid) | bit(Node::start_time_ticks) | bit(Node::bundle) |
    bit(Node::rootfs) | bit(Node::created) | bit(Node::annotations) | bit(Node::cgroup);

}  // namespace myrt::container
