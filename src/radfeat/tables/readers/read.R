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
  tables <- lapply(files, radfeat_table_reader())
  names(tables) <- sub("[.]parquet$", "", basename(files))
  tables
}

# One table: a file, or a folder of files by study and site.
radfeat_table_reader <- function() {
  read <- radfeat_parquet_reader()
  function(path) {
    if (!dir.exists(path)) {
      return(read(path))
    }
    parts <- list.files(path, pattern = "[.]parquet$", recursive = TRUE, full.names = TRUE)
    do.call(rbind, lapply(sort(parts, method = "radix"), read))
  }
}

# features_long of the table features, or of some of its rows: one row per region and feature.
lengthen_features <- function(features) {
  key <- c(
    "roi_id", "case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id", "roi", "lesion_id"
  )
  blocks <- lapply(sort(setdiff(names(features), c(key, "status", "reason")), method = "radix"), function(name) {
    value <- features[[name]]
    why <- ifelse(is.na(features$reason), "FEATURE_UNDEFINED", features$reason)
    data.frame(
      features[key],
      feature = name, value = value,
      status = ifelse(is.na(value), "FAILED", "OK"), reason = ifelse(is.na(value), why, NA_character_),
      check.names = FALSE, stringsAsFactors = FALSE, row.names = NULL
    )
  })
  long <- do.call(rbind, blocks)
  long <- long[order(long$roi_id, long$feature, method = "radix"), ]
  row.names(long) <- NULL
  long
}

# Each value of features_long with what its feature is.
describe_features <- function(tables) {
  long <- tables$features_long
  if (is.null(long)) {
    long <- lengthen_features(tables$features)
  }
  merge(long, tables$feature_catalogue, by = "feature", sort = FALSE)
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
