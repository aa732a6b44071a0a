#include "launch/main.h"

int main(int argc, char** argv) {
  return reprise::Main(REPRISE_EXPERIMENT, argc, argv);
}
