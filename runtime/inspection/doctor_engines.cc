#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "runtime/inspection/checkup.h"
#include "sys/files.h"

namespace myrt::inspection {
namespace {

struct Engine {
  const char* name;
  const char* program;
  std::array<const char*, 3> files;  // in the order in which the engine reads them
  const char* directory;             // of drop-ins, or nullptr
  const char* fix;
};

constexpr auto kEngines = std::to_array<Engine>({
    {"podman",
     "podman",
     {"/usr/share/containers/containers.conf", "/etc/containers/containers.conf", nullptr},
     "/etc/containers/containers.conf.d",
     "[engine.runtimes] myrt = [\"{}\"] in /etc/containers/containers.conf.d/myrt.conf"},
    {"docker",
     "dockerd",
     {"/etc/docker/daemon.json", nullptr, nullptr},
     nullptr,
     "{{\"runtimes\":{{\"myrt\":{{\"path\":\"{}\"}}}}}} in /etc/docker/daemon.json"},
    {"containerd",
     "containerd",
     {"/etc/containerd/config.toml", nullptr, nullptr},
     nullptr,
     "BinaryName = \"{}\" in /etc/containerd/config.toml (see /usr/share/doc/myrt/examples)"},
    {"cri-o",
     "crio",
     {"/etc/crio/crio.conf", nullptr, nullptr},
     "/etc/crio/crio.conf.d",
     "[crio.runtime.runtimes.myrt] runtime_path = \"{}\" in /etc/crio/crio.conf.d/myrt.conf"},
});

struct ConfigFile {
  std::string path, text;
};

std::vector<ConfigFile> config_files(const Engine& engine) {
  std::vector<ConfigFile> files;
  const auto add = [&](const std::string& path) {
    auto text = sys::read_file(path);
    if (text.ok()) files.push_back({path, std::move(text).value()});
  };
  for (const char* path : engine.files) {
    if (path != nullptr) add(path);
  }
  if (engine.directory == nullptr) return files;
  const auto directory = sys::open(engine.directory, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return files;
  auto names = sys::list_directory(directory->get());
  if (!names.ok()) return files;
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) add(fmt::format("{}/{}", engine.directory, name));
  return files;
}

bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#';
}

// The absolute paths that stand in quotes in the text and end in /myrt.
std::vector<std::string> named_paths(std::string_view text) {
  std::vector<std::string> paths;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (is_comment(line)) continue;
    for (std::size_t quote = line.find('"'); quote != std::string_view::npos;
         quote = line.find('"')) {
      line.remove_prefix(quote + 1);
      const std::string_view value = line.substr(0, line.find('"'));
      if (value.starts_with('/') && value.ends_with("/myrt")) paths.emplace_back(value);
    }
  }
  return paths;
}

std::string self_path() {
  auto path = sys::read_link_at(AT_FDCWD, "/proc/self/exe");
  return path.ok() ? std::move(path).value() : "/usr/bin/myrt";
}

// A broken file stops the whole engine.
bool is_broken_json(const ConfigFile& file) {
  return file.path.ends_with(".json") && !nlohmann::ordered_json::accept(file.text);
}

void check_engine(const Engine& engine, const DoctorOptions& options, Checkup& checkup) {
  const bool installed = !find_program(options.search_path, engine.program).empty();
  const std::string fix = fmt::format(fmt::runtime(engine.fix), self_path());
  std::string found;
  for (const ConfigFile& file : config_files(engine)) {
    if (is_broken_json(file)) {
      checkup.bad(engine.name, Verdict::failure, fmt::format("`{}` is no valid JSON", file.path),
                  "the engine does not start", "correct the file");
      return;
    }
    for (const std::string& path : named_paths(file.text)) {
      if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) {
        found = fmt::format("`{}` names `{}`", file.path, path);
        continue;
      }
      const Error error = errno_error("faccessat", fmt::format("execute `{}`", path));
      checkup.bad(engine.name, Verdict::failure, fmt::format("`{}`: {}", file.path, error.message),
                  "its containers that ask for myrt do not start", fix);
      return;
    }
  }
  if (!found.empty()) {
    checkup.ok(engine.name, found);
  } else if (installed) {
    checkup.bad(engine.name, Verdict::note, "installed, and no configuration of it names myrt",
                "it does not use myrt", fix);
  }
}

}  // namespace

void check_engines(const DoctorOptions& options, Checkup& checkup) {
  for (const Engine& engine : kEngines) check_engine(engine, options, checkup);
}

}  // namespace myrt::inspection
