# Opens the tables of this folder in R:
#
#     source("read.R")
#     tables <- read_radfeat()            # or read_radfeat("path/to/this/folder")
#     str(tables$features)
#     described <- describe_features(tables)
#
# Needs one of the packages arrow, nanoparquet or duckdb. Text is character, never a factor; every number
# is numeric; a missing value is NA, and the column "reason" says why. Feature names hold hyphens: quote
# them with backticks, or take the 8-character names with use_codes(tables).

read_radfeat <- function(folder = ".") {
  files <- sort(list.files(folder, pattern = "[.]parquet$", full.names = TRUE), method = "radix")
  if (length(files) == 0) {
    stop("There is no table in '", folder, "': give the folder that holds read.R.", call. = FALSE)
  }
  tables <- lapply(files, radfeat_parquet_reader())
  names(tables) <- sub("[.]parquet$", "", basename(files))
  tables
}

# Each value of features_long with what its feature is.
describe_features <- function(tables) {
  merge(tables$features_long, tables$feature_catalogue, by = "feature", sort = FALSE)
}

# The table features with the catalogue's 8-character codes as column names.
use_codes <- function(tables) {
  features <- tables$features
  place <- match(names(features), tables$feature_catalogue$feature)
  names(features)[!is.na(place)] <- tables$feature_catalogue$code[place[!is.na(place)]]
  features
}

radfeat_parquet_reader <- function() {
  if (requireNamespace("arrow", quietly = TRUE)) {
    read <- function(path) arrow::read_parquet(path)
  } else if (requireNamespace("nanoparquet", quietly = TRUE)) {
    read <- function(path) nanoparquet::read_parquet(path)
  } else if (requireNamespace("duckdb", quietly = TRUE) && requireNamespace("DBI", quietly = TRUE)) {
    read <- radfeat_read_by_duckdb
  } else {
    stop(
      "No R package that reads Parquet is installed: run install.packages(\"nanoparquet\") ",
      "(or \"arrow\", or \"duckdb\") and source this file again.",
      call. = FALSE
    )
  }
  function(path) radfeat_plain_numbers(as.data.frame(read(path), optional = TRUE))
}

radfeat_read_by_duckdb <- function(path) {
  connection <- DBI::dbConnect(duckdb::duckdb())
  on.exit(DBI::dbDisconnect(connection, shutdown = TRUE))
  quoted <- gsub("'", "''", path, fixed = TRUE)
  DBI::dbGetQuery(connection, paste0("SELECT * FROM read_parquet('", quoted, "')"))
}

# Packages differ in how they give whole numbers (integer, integer64, double); all become numeric.
radfeat_plain_numbers <- function(table) {
  whole <- vapply(table, function(column) is.integer(column) || inherits(column, "integer64"), logical(1))
  table[whole] <- lapply(table[whole], as.numeric)
  table
}
