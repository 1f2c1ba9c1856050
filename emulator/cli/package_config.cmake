# Read by cpack before it packs.

# Two builds of one commit give the same bytes, whenever they are made.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
	execute_process(COMMAND git -C ${CPACK_SOURCE_DIR} log -1 --format=%ct
		OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
	if(failed OR NOT date)
		string(TIMESTAMP date %s UTC)
	endif()
	set(ENV{SOURCE_DATE_EPOCH} ${date})
endif()

# What the program loads only when it needs it is nothing that dpkg-shlibdeps could see: the packages that hold these
# on this machine.
if(CPACK_GENERATOR STREQUAL DEB)
	set(needs git)
	foreach(library libcurl.so.4 libarchive.so.13 libcrypt.so.1)
		execute_process(COMMAND dpkg-query -S "*/${library}"
			OUTPUT_VARIABLE found ERROR_QUIET RESULT_VARIABLE failed)
		if(failed OR NOT found MATCHES "^([a-z0-9.+-]+)")
			message(FATAL_ERROR "no package holds ${library}, which cilocal loads")
		endif()
		list(APPEND needs ${CMAKE_MATCH_1})
	endforeach()
	list(JOIN needs ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
endif()
