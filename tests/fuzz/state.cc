// A state directory that a crash or somebody has scrambled: the parsers of its documents, and
// `state` and `list` of what is on disk. The input is [CONTAINER, VIEW, SHAPE], or the text of
// container.json.
//
// CONTAINER is container.json and VIEW is state.json, as values or as strings of text. SHAPE is a
// number: what the names in the directory are (files, directories, pipes, symlinks), and whether
// init lives.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "runtime/container/checkpoint_document.h"
#include "runtime/container/status.h"
#include "sys/files.h"
#include "sys/procfs.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace myrt;
using Json = nlohmann::ordered_json;

constexpr const char* kId = "web1";
constexpr unsigned kInitLives = 1U << 6U;

struct Scrambled {
  std::string container, view;
  unsigned shape = 0;
};

std::string text_of(const Json& json) {
  return json.is_string() ? json.get<std::string>()
                          : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Scrambled scrambled(std::string_view input) {
  const Json json = Json::parse(input, nullptr, false);
  if (!json.is_array() || json.size() != 3 || !json[2].is_number_unsigned()) {
    return {std::string(input), std::string(input), 0};
  }
  return {text_of(json[0]), text_of(json[1]), json[2].get<unsigned>() % 256};
}

// The member of that name becomes ours, so that there is a process to ask about.
std::string with_living_init(const std::string& container) {
  Json json = Json::parse(container, nullptr, false);
  const auto stat = sys::read_process_stat(::getpid());
  if (!json.is_object() || !stat.ok() || !stat->has_value()) return container;
  json["pid"] = ::getpid();
  json["startTimeTicks"] = (*stat)->start_time_ticks;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void check_parser(const std::string& text) {
  const auto state = container::from_json(text);
  if (!state.ok()) {
    HOLDS(state.error().code == ErrorCode::internal || state.error().code == ErrorCode::unsupported,
          state.error().message);
    HOLDS(!state.error().message.empty(), "no words");
    return;
  }
  HOLDS(state->pid >= 0, std::to_string(state->pid));
  for (const auto& [controllers, directory] : state->cgroup.directories) {
    HOLDS(directory.starts_with('/'), directory);
  }
  const std::string printed = container::to_json(*state);
  const auto again = container::from_json(printed);
  HOLDS(again.ok() && container::to_json(*again) == printed, printed);
  const auto view = container::unified_cgroup_of_view(container::to_libcontainer_json(*state));
  HOLDS(!view || view->starts_with('/'), *view);
}

void check_checkpoint(const std::string& text) {
  const auto document = container::parse_checkpoint_document(text);
  if (document.ok()) {
    const auto again = container::parse_checkpoint_document(container::to_json(*document));
    HOLDS(again.ok() && *again == *document, container::to_json(*document));
    for (const container::KeyedMount& mount : document->mounts) {
      HOLDS((mount.below + "/").find("/../") == std::string::npos, mount.below);
    }
  } else {
    fuzz::check_error(document.error(), {ErrorCode::invalid_argument});
  }
  const auto descriptors = container::parse_descriptors(text);
  if (!descriptors.ok()) fuzz::check_error(descriptors.error(), {ErrorCode::invalid_argument});
  if (descriptors.ok()) {
    HOLDS(*container::parse_descriptors(container::to_json(*descriptors)) == *descriptors, text);
  }
}

// What `name` is, by two bits.
void put(int directory, const char* name, const std::string& text, unsigned kind) {
  switch (kind % 4) {
    case 1:
      ::mkdirat(directory, name, 0700);
      break;
    case 2:
      ::mknodat(directory, name, S_IFIFO | 0600, 0);
      break;
    case 3:
      ::symlinkat("/dev/zero", directory, name);
      break;
    default:
      ignore(sys::write_new_file_at(directory, name, text, 0600), "then it is not there");
  }
}

void fill(const std::string& root, const Scrambled& input) {
  ::mkdir((root + "/" + kId).c_str(), 0700);
  const auto directory = sys::open(root + "/" + kId, O_RDONLY | O_DIRECTORY);
  HOLDS(directory.ok(), root);
  const bool lives = (input.shape & kInitLives) != 0;
  put(directory->get(), "container.json",
      lives ? with_living_init(input.container) : input.container, input.shape);
  put(directory->get(), "state.json", input.view, input.shape >> 2U);
  if ((input.shape >> 4U) % 4 != 0) {
    put(directory->get(), "start.sock", "", input.shape >> 4U);
  }
  const timespec times[] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ::utimensat(directory->get(), "container.json", times, AT_SYMLINK_NOFOLLOW);
}

// Nothing of it may end `list`, or make it wait.
void check_directory(const Scrambled& input) {
  static const test::TempDir kRoot;
  const std::string root = kRoot.path();
  fill(root, input);
  const auto found = container::find(root, kId, container::Lock::none);
  if (!found.ok()) {
    HOLDS(!found.error().message.empty(), "no words");
  } else {
    HOLDS(found->init_pidfd.valid() || found->status == oci::Status::stopped ||
              found->status == oci::Status::creating,
          oci::to_string(found->status));
  }
  Context context;
  context.root = root;
  int warnings = 0;
  context.warn = [&](std::string_view) { ++warnings; };
  const auto listed = list(context);
  HOLDS(listed.ok() && listed->size() + static_cast<std::size_t>(warnings) == 1, root);
  const auto parent = sys::open(root, O_PATH | O_DIRECTORY);
  HOLDS(parent.ok() && sys::remove_tree_at(parent->get(), kId).ok(), root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Scrambled input = scrambled({reinterpret_cast<const char*>(data), size});
  check_parser(input.container);
  check_checkpoint(input.view);
  check_directory(input);
  return 0;
}
