#include "base/base.h"
#include "emulator/runner/executor.h"
const struct executor_ops executor_docker = {.name = "docker"};
