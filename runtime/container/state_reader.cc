// container.json -> ContainerState, value by value as the text is read: no document is built in
// memory, which for `list` of many containers was most of its time.
#include <sched.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/container/container_state.h"
#include "runtime/container/state_members.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;

Error damaged(std::string_view what) {
  return make_error(ErrorCode::internal, fmt::format("damaged: {:.200}", what));
}

std::uint64_t largest(Node node) {
  if (node == Node::version) return std::numeric_limits<int>::max();
  if (node == Node::pid) return std::numeric_limits<pid_t>::max();
  return std::numeric_limits<std::uint64_t>::max();
}

std::string name_of(Node node) {
  while (member(node).key.empty()) node = member(node).parent;
  return std::string(member(node).key);
}

Error wrong_kind(Node node) {
  const std::string name = name_of(node);
  switch (member(node).kind) {
    case Kind::object:
      return damaged(fmt::format("`{}` is not an object", name));
    case Kind::array:
      return damaged(fmt::format("`{}` is not an array", name));
    case Kind::text:
    case Kind::path:
      return damaged(fmt::format("`{}` is not a text", name));
    case Kind::integer:
      // Another number would be cut to size: another process's pid.
      return damaged(fmt::format("`{}` is not an integer from 0 to {}", name, largest(node)));
    case Kind::flag:
      break;
  }
  return damaged(fmt::format("`{}` is neither true nor false", name));
}

Result<CgroupManager> parse_manager(const std::string& text) {
  for (const auto manager :
       {CgroupManager::cgroupfs, CgroupManager::systemd, CgroupManager::disabled}) {
    if (text == to_string(manager)) return manager;
  }
  return damaged(fmt::format("unknown cgroup manager `{}`", text));
}

Result<cgroups::Mode> parse_mode(const std::string& text) {
  for (const auto mode : {cgroups::Mode::v1, cgroups::Mode::hybrid, cgroups::Mode::v2}) {
    if (text == cgroups::to_string(mode)) return mode;
  }
  return damaged(fmt::format("unknown cgroup mode `{}`", text));
}

// The events of the JSON library's parser (nlohmann::json_sax). Each returns whether to go on.
class Reader {
 public:
  explicit Reader(Extent extent) : extent_(extent) {}

  bool null() { return misplaced(); }
  bool number_integer(std::int64_t /*negative*/) { return misplaced(); }
  bool number_float(double /*number*/, const std::string& /*text*/) { return misplaced(); }
  bool binary(const Json::binary_t& /*not in texts*/) { return misplaced(); }
  bool boolean(bool flag) {
    return scalar([&](Node node, Kind kind) {
      if (kind != Kind::flag) return false;
      set_flag(node, flag);
      return true;
    });
  }
  bool number_unsigned(std::uint64_t number) {
    return scalar([&](Node node, Kind kind) {
      if (kind != Kind::integer || number > largest(node)) return false;
      set_integer(node, number);
      return true;
    });
  }
  bool string(const std::string& text) {
    return scalar([&](Node node, Kind kind) {
      if (kind != Kind::text && kind != Kind::path) return false;
      if (kind == Kind::path) check_path(text);
      set_text(node, text);
      return true;
    });
  }
  bool start_object(std::size_t /*unknown*/) { return start(Kind::object); }
  bool start_array(std::size_t /*unknown*/) { return start(Kind::array); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool key(const std::string& text) {
    if (ignored_ == 0) key_ = text;
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const Json::exception& exception) {
    syntax_ = damaged(exception.what());
    return false;
  }

  // Nothing that was read before a wrong byte counts, and nothing of another version.
  Result<ContainerState> take() {
    if (syntax_) return *std::move(syntax_);
    if (version_ && *version_ != kFormatVersion) {
      return make_error(ErrorCode::unsupported,
                        fmt::format("format version {} is not {}", *version_, kFormatVersion));
    }
    if (error_) return *std::move(error_);
    if (!has(Node::own_pids)) state_.own_pids = (state_.namespaces & CLONE_NEWPID) != 0;
    return std::move(state_);
  }

 private:
  bool has(Node node) const { return (seen_ & bit(node)) != 0; }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  // The place of the value that begins now.
  Node next() const {
    if (stack_.empty()) return Node::document;
    for (const Member& entry : kMembers) {
      if (entry.parent == stack_.back() && (entry.key.empty() || entry.key == key_)) {
        return entry.node;
      }
    }
    return Node::none;  // a later version's
  }

  // `set` says whether the value is of the right kind, and takes it.
  template <class Set>
  bool scalar(Set set) {
    if (ignored_ > 0) return true;
    const Node node = next();
    if (node == Node::none) return true;
    if (!set(node, member(node).kind)) fail(wrong_kind(node));
    return reached(node);
  }
  bool misplaced() {
    return scalar([](Node, Kind) { return false; });
  }

  bool start(Kind kind) {
    if (ignored_ > 0) {
      ++ignored_;
      return true;
    }
    const Node node = next();
    if (node != Node::none && member(node).kind != kind) fail(wrong_kind(node));
    if (node == Node::none || member(node).kind != kind) {
      ignored_ = 1;
      return true;
    }
    stack_.push_back(node);
    seen_ &= ~bits_below(node);
    if (node == Node::directory) state_.cgroup.directories.emplace_back();
    if (node == Node::directory) parts_ = 0;
    if (node == Node::unit) state_.cgroup.unit.emplace();
    if (node == Node::hot_mount) state_.hot_mounts.emplace_back();
    if (node == Node::rdt_class) state_.rdt_class.emplace();
    return true;
  }

  bool end() {
    if (ignored_ > 0) {
      --ignored_;
      return true;
    }
    const Node node = stack_.back();
    stack_.pop_back();
    for (const Member& entry : kMembers) {
      if (entry.parent == node && !entry.key.empty() && entry.need == Need::always &&
          !has(entry.node)) {
        fail(damaged(fmt::format("there is no `{}`", entry.key)));
      }
    }
    if (node == Node::directory && parts_ != 2) {
      fail(damaged("one of `directories` is not controllers and a directory"));
    }
    return reached(node);
  }

  bool reached(Node node) {
    if (!member(node).key.empty() && has(node)) {
      fail(damaged(fmt::format("`{}` is there twice", name_of(node))));
    }
    seen_ |= bit(node);
    const std::uint64_t wanted = extent_ == Extent::metrics ? kGlance | bit(Node::phases) : kGlance;
    return extent_ == Extent::all || (seen_ & wanted) != wanted;
  }

  // `delete` removes what these name.
  void check_path(const std::string& path) {
    if (!is_absolute_path(path)) fail(damaged(fmt::format("`{}` is not an absolute path", path)));
  }

  template <class T>
  void take_parsed(Result<T> parsed, T& to) {
    if (parsed.ok()) {
      to = *parsed;
    } else {
      fail(parsed.error());
    }
  }

  void set_flag(Node node, bool flag);
  void set_integer(Node node, std::uint64_t number);
  void set_text(Node node, const std::string& text);
  void set_directory_part(const std::string& text);
  void add_phase(std::uint64_t us);

  Extent extent_;
  ContainerState state_;
  std::optional<std::uint64_t> version_;
  std::vector<Node> stack_;
  std::size_t ignored_ = 0;  // how deep we are in a value that says nothing to us
  std::string key_;
  std::uint64_t seen_ = 0;  // bits of Node: of the containers begun last
  std::size_t parts_ = 0;   // of the directory begun last
  std::optional<Error> error_, syntax_;
};

void Reader::set_flag(Node node, bool flag) {
  constexpr std::pair<Node, bool ContainerState::*> kFlags[] = {
      {Node::own_pids, &ContainerState::own_pids},
      {Node::pivoted, &ContainerState::pivoted},
      {Node::new_keyring, &ContainerState::new_keyring},
      {Node::has_process, &ContainerState::has_process},
      {Node::poststart_hooks, &ContainerState::poststart_hooks},
      {Node::poststop_hooks, &ContainerState::poststop_hooks},
  };
  for (const auto& [known, field] : kFlags) {
    if (known == node) state_.*field = flag;
  }
}

void Reader::set_integer(Node node, std::uint64_t number) {
  if (node == Node::version) version_ = number;
  if (node == Node::pid) state_.pid = static_cast<pid_t>(number);
  if (node == Node::start_time_ticks) state_.start_time_ticks = number;
  if (node == Node::namespaces) state_.namespaces = number;
  if (node == Node::phase) add_phase(number);
  if (node == Node::mount_id) state_.hot_mounts.back().mount_id = number;
}

void Reader::set_text(Node node, const std::string& text) {
  switch (node) {
    case Node::id:
      state_.id = text;
      break;
    case Node::bundle:
      state_.bundle = text;
      break;
    case Node::rootfs:
      state_.rootfs = text;
      break;
    case Node::created:
      state_.created = text;
      break;
    case Node::annotation:
      state_.annotations.insert_or_assign(key_, text);
      break;
    case Node::cgroup_manager:
      take_parsed(parse_manager(text), state_.cgroup_manager);
      break;
    case Node::mode:
      take_parsed(parse_mode(text), state_.cgroup.mode);
      break;
    case Node::directory_part:
      set_directory_part(text);
      break;
    case Node::unit_bus:
      state_.cgroup.unit->bus = text;
      break;
    case Node::unit_name:
      state_.cgroup.unit->name = text;
      break;
    case Node::found_cgroup:
      state_.found_cgroups.push_back(text);
      break;
    case Node::host_mount:
      state_.host_mounts.push_back(text);
      break;
    case Node::resctrl_group:
      state_.resctrl_groups.push_back(text);
      break;
    case Node::destination:
      state_.hot_mounts.back().destination = text;
      break;
    case Node::clos:
      state_.rdt_class->clos = text;
      break;
    case Node::monitor_group:
      state_.rdt_class->monitor_group = text;
      break;
    case Node::pid_file:
      state_.pid_file = text;
      break;
    default:
      break;
  }
}

void Reader::set_directory_part(const std::string& text) {
  auto& [controllers, path] = state_.cgroup.directories.back();
  if (parts_ == 1) check_path(text);
  if (parts_ < 2) (parts_ == 0 ? controllers : path) = text;
  ++parts_;
}

// Ours are plain, and add_phases escapes nothing.
void Reader::add_phase(std::uint64_t us) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || c == ' ' || c == '-'; };
  if (!std::ranges::all_of(key_, is_plain)) fail(damaged("the name of a phase"));
  state_.phases.push_back({key_, us});
}

}  // namespace

Result<ContainerState> from_json(std::string_view text, Extent extent) {
  static_assert(kFormatVersion == 1);
  Reader reader(text.ends_with(kLastMember) ? extent : Extent::all);
  Json::sax_parse(text, &reader);
  return reader.take();
}

}  // namespace myrt::container
