"""What each mesh is told while another serves beside it: how it lets in callers that come in clear text."""
