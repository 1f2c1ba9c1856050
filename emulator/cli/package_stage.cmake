# Run by cpack when the files are in its staging folder, before they are packed.
set(date $ENV{SOURCE_DATE_EPOCH})

function(run)
	execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed)
	if(failed)
		message(FATAL_ERROR "failed: ${ARGV}")
	endif()
endfunction()

# What Debian's policy asks of documents, and where its zsh looks.
if(CPACK_GENERATOR STREQUAL DEB)
	set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
	file(MAKE_DIRECTORY ${share}/zsh)
	file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)
	file(RENAME ${share}/doc/cilocal/LICENSE ${share}/doc/cilocal/copyright)
	file(RENAME ${share}/doc/cilocal/CHANGES.md ${share}/doc/cilocal/changelog)
	execute_process(COMMAND date -R -u -d @${date} OUTPUT_VARIABLE day OUTPUT_STRIP_TRAILING_WHITESPACE)
	file(WRITE ${share}/doc/cilocal/changelog.Debian
		"cilocal (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
		"  * What is new stands in changelog.gz.\n\n"
		" -- ${CPACK_PACKAGE_CONTACT}  ${day}\n")
	file(GLOB documents ${share}/man/man1/*.1 ${share}/doc/cilocal/changelog*)
	run(gzip -9 -n -f ${documents})
	run(chmod 644 ${share}/doc/cilocal/changelog.Debian.gz)
endif()

run(find ${CPACK_TEMPORARY_INSTALL_DIRECTORY} -exec touch -h -d @${date} {} +)
