# SPDX-License-Identifier: Apache-2.0
"""python/setup.py: runs SWIG and compiles the module _gpt against the installed libgpt. pyproject.toml has the rest."""
import os
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = os.path.dirname(os.path.abspath(__file__))
# The interface files: beside the package in a release of it, in the folder next to it in libgpt's repository.
PLACES = [os.path.join(HERE, "swig"), os.path.join(HERE, os.pardir, "swig")]
SWIG = next(path for path in PLACES if os.path.isdir(path))
SYSTEM = ("/lib", "/usr/lib")


def pkg_config(*arguments):
    """What pkg-config says about libgpt."""
    try:
        result = subprocess.run(["pkg-config", *arguments, "gpt"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("pkg-config does not find libgpt: install it, or set PKG_CONFIG_PATH to the directory of gpt.pc")
    return result.stdout.strip()


class Build(build_ext):
    """Makes _gpt's source first."""

    def build_extension(self, ext):
        os.makedirs(self.build_temp, exist_ok=True)
        source = os.path.join(self.build_temp, "gpt_python.c")
        subprocess.run(["swig", "-python", "-builtin", "-I" + SWIG, "-I" + pkg_config("--variable=includedir"),
                        "-outdir", self.build_temp, "-o", source, os.path.join(SWIG, "python.i")], check=True)
        ext.sources = [source]
        super().build_extension(ext)


class Release(sdist):
    """A source release has the interface files in it."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        shutil.copytree(SWIG, os.path.join(base_dir, "swig"), dirs_exist_ok=True)


def extension():
    """The module, which finds its library again where that was when it was built."""
    directory = pkg_config("--variable=libdir")
    return Extension("gpt._gpt", sources=[],
                     extra_compile_args=pkg_config("--cflags").split() + ["-fno-strict-aliasing"],
                     extra_link_args=pkg_config("--libs").split(),
                     runtime_library_dirs=[] if directory.startswith(SYSTEM) else [directory])


setup(version=pkg_config("--modversion"), ext_modules=[extension()], cmdclass={"build_ext": Build, "sdist": Release})
