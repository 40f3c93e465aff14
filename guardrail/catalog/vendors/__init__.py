"""The vendors' public price lists, each as offers in the catalog's terms."""
