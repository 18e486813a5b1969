// What a checkpoint's directory holds beside CRIU's images: descriptors.json, which other runtimes
// have as well, and myrt-checkpoint.json, ours (docs/checkpoint.md).
//
// Neither is trusted: a document names sources of the config by their index, never paths.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/container/external_mounts.h"
#include "sys/result.h"

namespace myrt::container {

inline constexpr const char* kDescriptorsName = "descriptors.json";
inline constexpr const char* kDocumentName = "myrt-checkpoint.json";

// An external mount under the name that CRIU's images have for it.
struct KeyedMount {
  std::string key;  // random: nothing that is in a container can make up the name of another mount
  SourceKind kind = SourceKind::mount;
  std::size_t index = 0;
  std::string destination, below;
  bool operator==(const KeyedMount&) const = default;
};

// A standard stream that is a file of the host.
struct KeyedStream {
  int fd = 0;
  std::string key;  // "file[MOUNT:INODE]"
  bool operator==(const KeyedStream&) const = default;
};

struct CheckpointDocument {
  std::vector<KeyedMount> mounts;
  std::vector<KeyedStream> streams;
  bool operator==(const CheckpointDocument&) const = default;
};

std::string to_json(const CheckpointDocument& document);
// Errors: invalid_argument, with what is wrong.
Result<CheckpointDocument> parse_checkpoint_document(std::string_view json);

// What the standard streams were: link targets of /proc/PID/fd, "pipe:[123]" or "/dev/null".
using Descriptors = std::vector<std::string>;
std::string to_json(const Descriptors& descriptors);
Result<Descriptors> parse_descriptors(std::string_view json);

}  // namespace myrt::container
