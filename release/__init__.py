"""What a maintainer runs to make a release and to check it; no part of the package."""
