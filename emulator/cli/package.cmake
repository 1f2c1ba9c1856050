# Packages: `cpack -G DEB` and `cpack -G TGZ` in a build folder. The version is that of project().
set(CILOCAL_CONTACT "The cilocal authors <maintainers@cilocal.example>" CACHE STRING "Maintainer of packages")

set(CPACK_PACKAGE_NAME cilocal)
set(CPACK_PACKAGE_VENDOR "The cilocal authors")
set(CPACK_PACKAGE_CONTACT ${CILOCAL_CONTACT})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "run GitLab CI/CD pipelines on your own machine")
set(CPACK_PACKAGE_DESCRIPTION
	"cilocal reads .gitlab-ci.yml as GitLab does, then plays GitLab (which jobs, in
which order, with which variables) and GitLab Runner (containers, services,
sources, logs), with no GitLab and, once the images are there, no network.
Jobs that name an image need a Docker engine; others run in a shell.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_GENERATOR TGZ)
set(CPACK_SOURCE_DIR ${PROJECT_SOURCE_DIR})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "docker.io | podman")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/package_config.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_stage.cmake)
include(CPack)
