// ContainerFixture: mounts/ run as a real runtime would, in throw-away namespaces, and what the
// kernel says of the result.
#pragma once

#include <functional>
#include <string>

#include "mounts/plan.h"
#include "mounts/root.h"
#include "tests/support/temp_dir.h"

namespace myrt::test {

enum class Users { host, mapped };    // mapped: a user namespace, ids 0..65535 at 100000
enum class Opener { runtime, init };  // who opens the sources: init where the runtime is rootless

// A bundle with an empty rootfs, and the config and inputs to mount it with. Nothing of it touches
// the mounts of the machine: the "runtime process" is a child in a private mount namespace whose
// mounts are shared, as systemd makes them, so that a leak would show.
class ContainerFixture {
 public:
  ContainerFixture();

  TempDir bundle;
  oci::Spec spec;
  mounts::Inputs inputs;
  Users users = Users::host;
  Opener opener = Opener::runtime;
  // Runs in init between apply() and enter_root(), e.g. to change what a later step will meet.
  std::function<void()> before_enter = [] {};
  // Runs in the runtime process before the sources are opened.
  std::function<void()> before_sources = [] {};
  // Runs in the runtime process at the end; its text is appended to what run() returns.
  std::function<std::string()> on_host = [] { return std::string(); };

  std::string rootfs(const std::string& name = "") const { return bundle / ("rootfs/" + name); }
  void add_mount(const std::string& destination, const std::string& type, const std::string& source,
                 const std::vector<std::string>& options);
  // What `spec` of runc writes: proc, dev, pts, shm, mqueue, sysfs; masks and read-only paths.
  void use_typical_config();

  // Mounts everything, enters the root, hides and finishes; then `inside` runs as init and its text
  // is returned, or "error: " and the message.
  std::string run(const std::function<std::string(const mounts::Root&)>& inside) const;
};

// The lines of /proc/self/mountinfo for `mount_point`, joined: "fstype options propagation;…".
std::string mounted_at(const std::string& mount_point);
std::string file_text(const std::string& path);
// "mode major:minor uid:gid;" of the path itself.
std::string device_line(const std::string& path);
std::string link_text(const std::string& path);
// Warns when the test has to be skipped.
bool is_root();
// "" when it worked, the errno's words otherwise.
std::string try_to_write(const std::string& path, const std::string& text);

}  // namespace myrt::test
